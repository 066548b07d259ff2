use std::{
    ffi::OsStr,
    fmt::Display,
    fs::{File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{LazyLock, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use backon::{BlockingRetryable, ConstantBuilder, Retryable};
use nix::{sys::signal::Signal, unistd::Pid};
use tokio::time::MissedTickBehavior;

use super::{LocalError, account::Account, home::last_words};

/// How to start a server that must not outlive us.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub program: &'a Path,
    pub account: Option<&'a Account>,
    /// Sent to the server by the kernel when this process ends in any way.
    pub when_we_die: Signal,
    /// What ends the server quickly when it is dropped; it is killed if that takes longer than 5 s.
    pub when_dropped: Signal,
    pub folder: &'a Path,
    pub log: PathBuf,
}

impl Launch<'_> {
    /// Starts the program with a clean environment (none of our secrets), its output appended to the log.
    pub(super) fn start(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Running, LocalError> {
        let log = open_log(&self.log)?;
        let errors = log.try_clone().map_err(LocalError::io("cannot share the log"))?;
        let mut command = match which("setpriv") {
            Some(setpriv) => self.through_setpriv(&setpriv),
            None => self.directly(),
        };
        command.args(arguments).stdin(Stdio::null()).stdout(log).stderr(errors);
        let child =
            spawn(command).map_err(LocalError::io(format!("cannot start {}", self.program.display())))?;
        Ok(Running { child, when_dropped: self.when_dropped, log: self.log.clone() })
    }

    /// setpriv asks the kernel for the signal on our death and then becomes the program: same process id.
    fn through_setpriv(&self, setpriv: &Path) -> Command {
        let mut command = quiet(setpriv, self.folder);
        command.arg("--pdeathsig").arg(self.when_we_die.as_str().trim_start_matches("SIG"));
        if let Some(account) = self.account {
            command
                .arg(format!("--reuid={}", account.uid))
                .arg(format!("--regid={}", account.gid))
                .arg("--clear-groups");
        }
        command.arg("--").arg(self.program);
        command
    }

    /// Where setpriv is missing the server still ends with us when we end in order, not when we are killed.
    fn directly(&self) -> Command {
        let mut command = quiet(self.program, self.folder);
        if let Some(account) = self.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command
    }
}

/// A command with a clean environment, in a process group of its own so that a Ctrl-C in the terminal
/// reaches us and not the server, which must live until everything that uses it has stopped.
pub(super) fn quiet(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir(folder).process_group(0);
    for kept in ["PATH", "JAVA_HOME", "HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// The first executable of this name on PATH.
pub(super) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A started server. Dropping ends it and waits until it is gone.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    when_dropped: Signal,
    log: PathBuf,
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `Some` once the process has ended.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>, LocalError> {
        self.child.try_wait().map_err(LocalError::io("cannot look after a child process"))
    }

    pub(super) fn last_words(&self) -> String {
        last_words(&self.log)
    }

    /// Does nothing when the process has ended: its id may belong to another by then.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<(), LocalError> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        nix::sys::signal::kill(pid(self.id()), signal)
            .map_err(|errno| LocalError::io(format!("cannot send {signal}"))(errno.into()))
    }

    /// Knocks every 10 ms until answered. Ends early when the server does.
    pub(super) async fn until_ready<E: Display>(
        &mut self,
        what: &str,
        limit: Duration,
        mut knock: impl AsyncFnMut() -> Result<(), E>,
    ) -> Result<(), LocalError> {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(STEP);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            if let Some(status) = self.ended()? {
                let (what, status) = (what.to_owned(), status.to_string());
                return Err(LocalError::Failed { what, status, last_words: self.last_words() });
            }
            match knock().await {
                Ok(()) => return Ok(()),
                Err(_) if begin.elapsed() < limit => {}
                Err(refusal) => {
                    let what = format!("{what} was not ready ({refusal})");
                    return Err(LocalError::Deadline { what, limit, last_words: self.last_words() });
                }
            }
        }
    }

    /// Waits for the end; `None` when the limit passed first.
    pub(super) async fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>, LocalError> {
        let child = &mut self.child;
        let looking = || std::future::ready(look(child));
        settle(looking.retry(every_10_ms(limit)).when(Look::is_still_running).await)
    }

    /// Asks with `signal`, waits up to `limit`, then kills.
    pub(super) async fn stop(&mut self, signal: Signal, limit: Duration) -> Result<(), LocalError> {
        self.signal(signal)?;
        if self.wait(limit).await?.is_none() {
            tracing::warn!(pid = self.id(), ?limit, "a private server did not stop when asked; killing it");
            self.signal(Signal::SIGKILL)?;
            self.wait(LIMIT).await?;
        }
        Ok(())
    }

    fn stop_blocking(&mut self, signal: Signal) -> Result<(), LocalError> {
        self.signal(signal)?;
        if self.wait_blocking(LIMIT)?.is_none() {
            self.signal(Signal::SIGKILL)?;
            self.wait_blocking(LIMIT)?;
        }
        Ok(())
    }

    fn wait_blocking(&mut self, limit: Duration) -> Result<Option<ExitStatus>, LocalError> {
        let child = &mut self.child;
        settle((|| look(child)).retry(every_10_ms(limit)).when(Look::is_still_running).call())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.stop_blocking(self.when_dropped) {
            tracing::warn!(%error, "a private server may still be running");
        }
    }
}

const STEP: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_secs(5);

enum Look {
    StillRunning,
    Refused(std::io::Error),
}

impl Look {
    fn is_still_running(&self) -> bool {
        matches!(self, Self::StillRunning)
    }
}

fn look(child: &mut Child) -> Result<ExitStatus, Look> {
    child.try_wait().map_err(Look::Refused)?.ok_or(Look::StillRunning)
}

fn settle(found: Result<ExitStatus, Look>) -> Result<Option<ExitStatus>, LocalError> {
    match found {
        Ok(status) => Ok(Some(status)),
        Err(Look::StillRunning) => Ok(None),
        Err(Look::Refused(error)) => Err(LocalError::io("cannot look after a child process")(error)),
    }
}

/// Tries every 10 ms for about `limit`.
fn every_10_ms(limit: Duration) -> ConstantBuilder {
    let times = usize::try_from(limit.as_millis() / STEP.as_millis()).unwrap_or(usize::MAX);
    ConstantBuilder::default().with_delay(STEP).with_max_times(times)
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed())
}

fn open_log(path: &Path) -> Result<File, LocalError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(LocalError::io(format!("cannot write {}", path.display())))
}

type Started = std::io::Result<Child>;
type Order = (Command, mpsc::SyncSender<Started>);

/// The kernel counts the end of the *thread* that started a child as our death, so one thread that lives as
/// long as the process starts them all; a runtime's worker would end with its runtime.
static SPAWNER: LazyLock<std::io::Result<Mutex<mpsc::Sender<Order>>>> = LazyLock::new(|| {
    let (orders, received) = mpsc::channel::<Order>();
    std::thread::Builder::new().name("spawner".to_owned()).spawn(move || {
        for (mut command, answer) in received {
            // The one who ordered waits for the answer; if it is gone the child is dropped and not ours.
            let _ = answer.send(command.spawn());
        }
    })?;
    Ok(Mutex::new(orders))
});

fn spawn(command: Command) -> Started {
    let gone = || std::io::Error::other("the thread that starts processes is gone");
    let spawner = SPAWNER.as_ref().map_err(|error| std::io::Error::new(error.kind(), error.to_string()))?;
    let (answer, started) = mpsc::sync_channel(1);
    spawner.lock().unwrap_or_else(PoisonError::into_inner).send((command, answer)).map_err(|_| gone())?;
    started.recv().map_err(|_| gone())?
}
