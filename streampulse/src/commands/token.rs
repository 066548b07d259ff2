//! `streampulse token`: make, list, take back.

use anyhow::{Context, bail};
use api::{Scope, Secret};
use common::{
    clock::{Clock, SystemClock},
    db,
    time::Timestamp,
};
use tokio_postgres::{Client, Transaction};

use super::requester;
use crate::cli::{TokenArgs, TokenCommand};

pub(super) async fn run(args: TokenArgs) -> anyhow::Result<()> {
    let postgres = match &args.command {
        TokenCommand::Create { postgres, .. }
        | TokenCommand::List { postgres }
        | TokenCommand::Revoke { postgres, .. } => postgres,
    };
    let mut client = db::connect(&postgres.settings()?, "streampulse-token").await?;
    db::check_schema_version(&client).await?;
    match args.command {
        TokenCommand::Create { name, scope, expires, .. } => {
            let now = SystemClock.now();
            let expires = expires.map(|expires| expires.from(now));
            if let Some(expires) = expires.filter(|expires| *expires <= now || *expires > Timestamp::MAX) {
                bail!("--expires: {expires} is not in the future, or beyond the year 9999");
            }
            create(&mut client, &name, (scope, expires)).await
        }
        TokenCommand::List { .. } => list(&client).await,
        TokenCommand::Revoke { name, .. } => revoke(&mut client, &name).await,
    }
}

async fn create(
    client: &mut Client,
    name: &str,
    (scope, expires): (Scope, Option<Timestamp>),
) -> anyhow::Result<()> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).context("asking the system for random bytes")?;
    let secret = Secret::new(random);
    let transaction = client.transaction().await.context("making a token")?;
    let row = transaction
        .query_opt(
            include_str!("../../../sql/queries/token_insert.sql"),
            &[&name, &scope.as_str(), &secret.digest().as_bytes().as_slice(), &requester(), &expires],
        )
        .await
        .context("making a token")?;
    let Some(row) = row else {
        bail!(
            "--name: there is or was a token '{name}', and the audit must tell them apart; choose another name"
        );
    };
    let until = expires.map_or_else(|| "for ever".to_owned(), |expires| format!("until {expires}"));
    audit(&transaction, ("token.create", name), &format!("{scope} {until}")).await?;
    transaction.commit().await.context("making a token")?;
    eprintln!("token '{name}', scope {scope}, good {until}; it is shown this once:");
    println!("{}", secret.token(row.get(0)));
    Ok(())
}

async fn list(client: &Client) -> anyhow::Result<()> {
    let rows = client
        .query(include_str!("../../../sql/queries/tokens.sql"), &[])
        .await
        .context("reading the tokens")?;
    if rows.is_empty() {
        println!("no token yet; make one with `streampulse token create`");
    }
    for row in &rows {
        let expires: Option<Timestamp> = row.get(4);
        println!(
            "{}\t{}\t{}\texpires {}\tmade {} by {}",
            row.get::<_, &str>(0),
            row.get::<_, &str>(1),
            row.get::<_, &str>(6),
            expires.map_or_else(|| "never".to_owned(), |expires| expires.to_string()),
            row.get::<_, Timestamp>(2),
            row.get::<_, &str>(3),
        );
    }
    Ok(())
}

async fn revoke(client: &mut Client, name: &str) -> anyhow::Result<()> {
    let transaction = client.transaction().await.context("taking a token back")?;
    let row = transaction
        .query_opt(include_str!("../../../sql/queries/token_revoke.sql"), &[&name])
        .await
        .context("taking a token back")?;
    let Some(row) = row else {
        bail!("--name: there is no token '{name}'; `streampulse token list` shows all")
    };
    audit(&transaction, ("token.revoke", name), "").await?;
    transaction.commit().await.context("taking a token back")?;
    println!("token '{name}' was taken back at {}", row.get::<_, Timestamp>(0));
    Ok(())
}

async fn audit(
    transaction: &Transaction<'_>,
    (action, name): (&str, &str),
    detail: &str,
) -> anyhow::Result<()> {
    transaction
        .execute(include_str!("../../../sql/queries/audit_lock.sql"), &[])
        .await
        .context("writing the audit")?;
    transaction
        .execute(
            include_str!("../../../sql/queries/audit_insert.sql"),
            &[&requester(), &action, &format!("token {name}"), &"", &detail],
        )
        .await
        .context("writing the audit")?;
    Ok(())
}
