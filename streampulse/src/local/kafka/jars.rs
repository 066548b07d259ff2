use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::local::{
    LocalError,
    child::{quiet, which},
    home::last_lines,
};

/// Names the jars; one text for Maven and for telling whether fetched jars are still the right ones.
const POM: &str = include_str!("../../../../deploy/kafka/pom.xml");
const FETCH_LIMIT: Duration = Duration::from_secs(600);
const OLDEST_JAVA: u32 = 17;

/// Java, and a folder with all jars of the broker and its tools.
#[derive(Clone, Debug)]
pub(super) struct Jars {
    java: PathBuf,
    folder: PathBuf,
}

impl Jars {
    /// Finds Java and the jars; fetches these with Maven when they are missing or of another version.
    /// Several processes may do this at once.
    pub(super) async fn ensure() -> Result<Self, LocalError> {
        let java = java()?;
        let home = jars_home()?;
        let folder = home.join("libs");
        if !is_current(&folder) {
            let fetched = tokio::task::spawn_blocking(move || lock(&home).map(|lock| (home, lock)));
            let (home, _lock) = fetched
                .await
                .map_err(|error| LocalError::Unusable(format!("cannot wait for the jars: {error}")))??;
            // Another process may have fetched them while we waited for the lock.
            if !is_current(&folder) {
                fetch(&home).await?;
            }
        }
        Ok(Self { java, folder })
    }

    /// A command that runs Java in `folder` with a clean environment.
    pub(super) fn java(&self, folder: &Path) -> Command {
        quiet(&self.java, folder)
    }

    pub(super) fn java_program(&self) -> &Path {
        &self.java
    }

    pub(super) fn class_path(&self) -> OsString {
        self.folder.join("*").into_os_string()
    }
}

fn java() -> Result<PathBuf, LocalError> {
    let missing = |what: String| LocalError::Missing {
        what,
        looked_in: "JAVA_HOME, PATH".to_owned(),
        package: "openjdk-17-jre-headless",
    };
    let java = std::env::var_os("JAVA_HOME")
        .map(|home| PathBuf::from(home).join("bin/java"))
        .filter(|java| java.is_file())
        .or_else(|| which("java"))
        .ok_or_else(|| missing("Java".to_owned()))?;
    let printed = Command::new(&java)
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .map_err(LocalError::io(format!("cannot run {}", java.display())))?;
    let text = String::from_utf8_lossy(&printed.stderr).into_owned();
    match java_version(&text) {
        Some(version) if version >= OLDEST_JAVA => Ok(java),
        _ => Err(missing(format!("Java {OLDEST_JAVA} or newer"))),
    }
}

/// The first number of `version "17.0.15"`; 1 for the old `"1.8.0"`.
fn java_version(printed: &str) -> Option<u32> {
    let quoted = printed.split('"').nth(1)?;
    quoted.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `STREAMPULSE_KAFKA_HOME`, else `target/kafka` of the workspace we are in, else of the current folder.
fn jars_home() -> Result<PathBuf, LocalError> {
    if let Some(home) = std::env::var_os("STREAMPULSE_KAFKA_HOME") {
        return std::path::absolute(home).map_err(LocalError::io("cannot use STREAMPULSE_KAFKA_HOME"));
    }
    let here = std::env::current_dir().map_err(LocalError::io("cannot tell the current folder"))?;
    let workspace = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(&here);
    Ok(workspace.join("target").join("kafka"))
}

fn is_current(folder: &Path) -> bool {
    fs::read_to_string(folder.join("pom.xml")).is_ok_and(|pom| pom == POM)
}

fn lock(home: &Path) -> Result<File, LocalError> {
    let failed = || LocalError::io(format!("cannot lock {}", home.display()));
    fs::create_dir_all(home).map_err(failed())?;
    let file = File::create(home.join("lock")).map_err(failed())?;
    file.lock().map_err(failed())?;
    Ok(file)
}

/// Fetches next to the place and moves the whole there: a fetch broken off is never taken for one that ended.
async fn fetch(home: &Path) -> Result<(), LocalError> {
    let Some(mvn) = which("mvn") else {
        return Err(LocalError::Missing {
            what: format!("Kafka's jars are not in {} and Maven to fetch them", home.display()),
            looked_in: "PATH".to_owned(),
            package: "maven",
        });
    };
    let failed = || LocalError::io(format!("cannot prepare {}", home.display()));
    let (partial, libs) = (home.join("libs.partial"), home.join("libs"));
    for old in [&partial, &libs] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(failed())?;
        }
    }
    fs::create_dir_all(&partial).map_err(failed())?;
    fs::write(partial.join("pom.xml"), POM).map_err(failed())?;
    let mut command = tokio::process::Command::new(mvn);
    command
        .current_dir(&partial)
        .args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", partial.display()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(FETCH_LIMIT, command.output())
        .await
        .map_err(|_| LocalError::Deadline {
            what: "Maven did not fetch Kafka's jars".to_owned(),
            limit: FETCH_LIMIT,
            last_words: "killed".to_owned(),
        })?
        .map_err(LocalError::io("cannot run mvn"))?;
    if !output.status.success() {
        return Err(LocalError::Failed {
            what: "fetching Kafka's jars with Maven".to_owned(),
            status: output.status.to_string(),
            last_words: last_lines(&[output.stdout, output.stderr].concat()),
        });
    }
    fs::rename(&partial, &libs).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_java_prints() {
        assert_eq!(java_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(java_version("openjdk version \"21-ea\""), Some(21));
        assert_eq!(java_version("java version \"1.8.0_292\""), Some(1));
        assert_eq!(java_version("nothing of the kind"), None);
    }
}
