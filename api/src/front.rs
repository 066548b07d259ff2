//! The way in of a connection's requests: what was asked before in the same words is answered at once, all else goes
//! through the routes.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request},
    http::{self, HeaderMap, Method, header},
    response::Response,
};
use futures::future::BoxFuture;
use hyper::{body::Incoming, service::Service};
use hyper_util::service::TowerToHyperService;

use crate::{
    app::App,
    clients::Client,
    middleware::{Passage, RequestId, log},
    routes,
    server::{ApiError, Seat},
};

/// All that connections share.
#[derive(Debug)]
pub(crate) struct Entrance {
    app: App,
    routes: TowerToHyperService<Router>,
    /// What answers to pages of our own origin say of other origins.
    same_origin: HeaderMap,
}

/// Of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) peer: SocketAddr,
    pub(crate) seat: Seat,
}

impl Entrance {
    pub(crate) async fn new(app: App) -> Result<Self, ApiError> {
        let routes = TowerToHyperService::new(routes::router(app.clone())?);
        Ok(Self { same_origin: same_origin(routes::cors(&app.settings)?).await, app, routes })
    }

    /// The answer from memory, exactly as the routes give it. `None` where it takes the routes: nobody asked this yet,
    /// the data is new, or the answer depends on more than the target and `If-None-Match`.
    async fn repeat(&self, request: &http::Request<Incoming>, peer: SocketAddr) -> Option<Response> {
        let passage = Passage::begin();
        let headers = request.headers();
        let plain = request.method() == Method::GET
            && request.body().is_end_stream()
            && !headers.contains_key(header::ORIGIN)
            && !self.app.settings.require_token;
        let shortcut = self.app.shortcuts.find(request.uri()).filter(|_| plain)?;
        let answer = self.app.repeat(&shortcut).await?;
        // Who asks too often is told so by the routes.
        let client = Client::behind(peer.ip(), headers, &self.app.settings.trusted_proxies);
        self.app.rates.check(client, true).ok()?;
        self.app.cache.count_hit();
        let mut response = answer.plain(headers);
        for (name, value) in &self.same_origin {
            response.headers_mut().append(name, value.clone());
        }
        let id = RequestId::of(headers);
        let took = passage.seal(&mut response, &id, Some(answer.provenance));
        log(&id, (request.method(), request.uri().path()), response.status(), took);
        shortcut.meters.count(response.status(), took);
        Some(response)
    }
}

impl Service<http::Request<Incoming>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn call(&self, mut request: http::Request<Incoming>) -> Self::Future {
        let front = self.clone();
        Box::pin(async move {
            if let Some(response) = front.entrance.repeat(&request, front.peer).await {
                return Ok(response);
            }
            request.extensions_mut().insert(ConnectInfo(front.peer));
            request.extensions_mut().insert(front.seat);
            front.entrance.routes.call(request).await
        })
    }
}

/// What `cors` adds to the answer to a request without `Origin`: the same to all of them.
async fn same_origin(cors: tower_http::cors::CorsLayer) -> HeaderMap {
    let router = Router::new().fallback(async || ()).layer(cors);
    let Ok(response) = TowerToHyperService::new(router).call(Request::new(Body::empty())).await;
    let mut headers = response.into_parts().0.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers
}
