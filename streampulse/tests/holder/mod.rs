//! A process that starts a server and can be killed for real: this test binary, run again with one test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

const FOLDER: &str = "STREAMPULSE_TEST_HOLDER_FOLDER";
const HELD: &str = "held: ";

/// The other process. Its files are in a folder of this one, which removes what a killed process cannot.
#[derive(Debug)]
pub struct Holder {
    process: Child,
    held: u32,
    _folder: TempDir,
}

impl Holder {
    /// Runs the ignored test `role` of this binary until it says with [`hold`] which process it started.
    pub fn start(role: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", role, "--ignored", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let held = lines.find_map(|line| line.unwrap().split_once(HELD)?.1.parse().ok());
        let held = held.expect("the holder ended before it held a server; see its messages above");
        Self { process, held, _folder: folder }
    }

    /// SIGKILL: no destructor of the holder runs. Then waits until the server it held is gone.
    pub async fn kill_and_wait_for_the_end_of_what_it_held(&mut self, limit: Duration) {
        assert!(runs(self.held), "the server must run before its holder is killed");
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        while runs(self.held) {
            assert!(begin.elapsed() < limit, "process {} still runs {limit:?} after its parent", self.held);
            pace.tick().await;
        }
    }
}

/// The folder for a holder's server; `None` when the test was not started by a [`Holder`].
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// In the holder: names the server's process and lives until killed, or until the test is gone.
pub fn hold(process: u32) {
    println!("{HELD}{process}");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Whether the process exists and is more than a remainder nobody has waited for.
pub fn runs(process: u32) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X'])))
}
