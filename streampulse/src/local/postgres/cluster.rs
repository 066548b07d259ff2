use std::{
    fs::{self, OpenOptions, Permissions},
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
    time::Duration,
};

use nix::sys::signal::Signal;

use super::{PostgresOptions, SUPERUSER, binaries::Binaries};
use crate::local::{
    LocalError,
    account::Account,
    child::{Launch, Running},
    home::Home,
};

const INITDB_LIMIT: Duration = Duration::from_secs(120);

/// The files of one private Postgres and what is needed to run it on them.
#[derive(Debug)]
pub(super) struct Cluster {
    // Dropped after the server of `PrivatePostgres`, whose files these are.
    home: Home,
    binaries: Binaries,
    account: Option<Account>,
    fsync: bool,
    pub(super) password: String,
}

impl Cluster {
    /// Makes the files, or takes up those of an earlier run in the same folder.
    pub(super) async fn prepare(options: &PostgresOptions) -> Result<Self, LocalError> {
        let binaries = Binaries::find()?;
        let account = Account::unprivileged()?;
        let home = match &options.data_dir {
            Some(folder) => Home::at(folder)?,
            None => Home::temporary("streampulse-postgres-")?,
        };
        if let Some(account) = &account {
            account.can_reach(home.path())?;
        }
        let fsync = !options.without_fsync;
        let mut cluster = Self { home, binaries, account, fsync, password: String::new() };
        if cluster.files().join("PG_VERSION").is_file() {
            cluster.password = fs::read_to_string(cluster.password_file())
                .map_err(LocalError::io(format!("cannot read {}", cluster.password_file().display())))?;
        } else {
            cluster.create().await?;
        }
        Ok(cluster)
    }

    /// Starts the server on `port`; it may not be ready, nor last, when this returns.
    pub(super) fn launch(&self, port: u16) -> Result<Running, LocalError> {
        let mut arguments = vec!["-D".to_owned(), self.files().display().to_string()];
        // Without fsync a commit still reaches the operating system, so it outlives a crash of the server.
        let fsync = if self.fsync { "on" } else { "off" };
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            "logging_collector=off",
            &format!("fsync={fsync}"),
            &format!("full_page_writes={fsync}"),
        ] {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        // SIGINT is Postgres's fast shutdown: clients are cut off and the files are left clean.
        self.program(&self.binaries.postgres, Signal::SIGINT).start(arguments)
    }

    /// Removes the files if we made the folder.
    pub(super) fn remove(&mut self) -> Result<(), LocalError> {
        self.home.remove()
    }

    async fn create(&mut self) -> Result<(), LocalError> {
        let occupied = fs::read_dir(self.home.path())
            .map_err(LocalError::io(format!("cannot look into {}", self.home.path().display())))?
            .next()
            .is_some();
        if occupied {
            return Err(LocalError::Unusable(format!(
                "{} is not empty and holds no private PostgreSQL: choose another data directory",
                self.home.path().display()
            )));
        }
        self.password = random_password()?;
        self.write_password()?;
        if let Some(account) = &self.account {
            account.give(self.home.path())?;
            account.give(&self.password_file())?;
        }
        fs::set_permissions(self.home.path(), Permissions::from_mode(0o700))
            .map_err(LocalError::io(format!("cannot close {}", self.home.path().display())))?;
        self.run_initdb().await
    }

    async fn run_initdb(&self) -> Result<(), LocalError> {
        let mut initdb = self.program(&self.binaries.initdb, Signal::SIGKILL).start([
            "--no-sync".to_owned(),
            "--username".to_owned(),
            SUPERUSER.to_owned(),
            "--auth=scram-sha-256".to_owned(),
            format!("--pwfile={}", self.password_file().display()),
            "--encoding=UTF8".to_owned(),
            "--locale=C".to_owned(),
            "-D".to_owned(),
            self.files().display().to_string(),
        ])?;
        match initdb.wait(INITDB_LIMIT).await? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(LocalError::Failed {
                what: "initdb".to_owned(),
                status: status.to_string(),
                last_words: initdb.last_words(),
            }),
            None => Err(LocalError::Deadline {
                what: "initdb did not finish".to_owned(),
                limit: INITDB_LIMIT,
                last_words: initdb.last_words(),
            }),
        }
    }

    fn program<'a>(&'a self, program: &'a std::path::Path, when_we_die: Signal) -> Launch<'a> {
        Launch {
            program,
            account: self.account.as_ref(),
            when_we_die,
            // Postgres's immediate shutdown: takes its own children along, which SIGKILL would leave for a moment.
            when_dropped: Signal::SIGQUIT,
            folder: self.home.path(),
            log: self.home.file("server.log"),
        }
    }

    fn files(&self) -> PathBuf {
        self.home.file("cluster")
    }

    fn password_file(&self) -> PathBuf {
        self.home.file("password")
    }

    fn write_password(&self) -> Result<(), LocalError> {
        let path = self.password_file();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(self.password.as_bytes()))
            .map_err(LocalError::io(format!("cannot write {}", path.display())))
    }
}

/// 192 bits from the system's own source, as hexadecimal digits (safe in a URL).
fn random_password() -> Result<String, LocalError> {
    let mut bytes = [0_u8; 24];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(LocalError::io("cannot read /dev/urandom"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
