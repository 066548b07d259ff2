//! `streampulse replay`: plan, request, watch, cancel.

mod plan;
mod request;
mod watch;

use std::sync::Arc;

use anyhow::{Context, bail};
use common::db;
use schema::StreamDefinition;

use super::{Failure, shutdown_on_signals};
use crate::cli::ReplayArgs;

pub(super) async fn run(args: ReplayArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        let definition = only_stream(&args)?;
        let client = db::connect(&args.postgres.settings()?, "streampulse-replay").await?;
        ::processor::check_stream(&client, &definition).await?;
        Ok((definition, client))
    };
    let (definition, mut client) = prepare().await.map_err(Failure::Refused)?;
    if args.list {
        return watch::list(&client, &definition.name).await.map_err(Failure::Broken);
    }
    if let Some(id) = args.cancel {
        return request::cancel(&client, id).await.map_err(Failure::Refused);
    }
    let plans = plan::make(&args, &definition, &client).await.map_err(Failure::Refused)?;
    plan::print(&definition, &plans);
    if args.plan {
        return Ok(());
    }
    let replay =
        request::insert(&mut client, &args, &definition.name, &plans).await.map_err(Failure::Broken)?;
    println!("replay {replay} requested; its processors take it up within a second");
    if !args.wait {
        return Ok(());
    }
    let shutdown = shutdown_on_signals().map_err(Failure::Broken)?;
    watch::until_done(&client, &definition.name, replay, &shutdown).await.map_err(Failure::Broken)
}

fn only_stream(args: &ReplayArgs) -> anyhow::Result<Arc<StreamDefinition>> {
    let mut definitions = args.streams.definitions()?;
    if definitions.len() > 1 {
        bail!("a replay is of one stream; {} were given with --stream", definitions.len());
    }
    definitions.pop().context("no stream was given; name one with --stream")
}
