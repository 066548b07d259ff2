//! How soon the processor is back after something was lost: an owner, itself, the database, the broker, an operator's
//! patience.

mod absence;
mod flow;
mod link;
mod progress;
mod replay;
mod takeover;

use std::time::Instant;

use crate::{
    cli::{Loss, RecoveryArgs},
    figures::Figures,
    stage::Stage,
};

pub async fn run(args: &RecoveryArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut stage = Stage::set(args.streampulse.as_deref()).await?;
    let mut figures = Figures::default();
    if args.wants(Loss::Owner) {
        for &rows in &args.open_rows {
            takeover::run(&stage, args, rows, &mut figures).await?;
        }
    }
    if args.wants(Loss::Database) {
        absence::of_database(&stage, args, &mut figures).await?;
    }
    if args.wants(Loss::Broker) {
        absence::of_broker(&mut stage, args, &mut figures).await?;
    }
    if args.wants(Loss::Replay) {
        replay::run(&stage, args, &mut figures).await?;
    }
    stage.stop().await?;
    println!("{}", figures.print());
    println!("{} events, {} s", args.events, begin.elapsed().as_secs());
    Ok(())
}
