//! What the command line, the environment and the settings file say, and how it is refused: in one line.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;

use clap::CommandFactory;
use streampulse::cli::Cli;

/// Our program with nothing in its environment.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_streampulse"));
    command.env_clear().args(arguments);
    command
}

/// The one line that refuses it.
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}: {printed}");
    assert_eq!(printed.lines().count(), 1, "{command:?}: {printed}");
    assert!(printed.starts_with("streampulse: ") && output.stdout.is_empty(), "{command:?}: {printed}");
    printed
}

fn assert_refused(command: &mut Command, words: &[&str]) {
    let line = refusal(command);
    for word in words {
        assert!(line.contains(word), "{command:?}: '{word}' is missing in: {line}");
    }
}

/// A settings file; the folder goes with it.
fn settings(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

#[test]
fn a_wrong_flag_command_or_value_is_one_line_with_what_was_meant() {
    let cases: [(&[&str], &[&str]); 20] = [
        (&[], &["command is missing", "demo, migrate, processor", "streampulse --help"]),
        (&["streams"], &["command is missing after 'streams'", "check, list"]),
        (&["procesor"], &["'procesor'", "'processor'", "streampulse --help"]),
        (&["api", "--api-prot", "1"], &["'--api-prot'", "'--api-port'", "streampulse api --help"]),
        (&["migrate", "extra"], &["'extra'", "streampulse migrate --help"]),
        (&["verify"], &["required", "--truth <FILE>"]),
        (&["replay", "--from", "3"], &["--plan|--apply|--cancel <ID>|--list"]),
        (&["replay", "--list", "--plan"], &["'--list' cannot be used with '--plan'"]),
        (&["generate", "--keep-times"], &["--from-access-log <FILE>"]),
        (&["api", "--api-port"], &["a value is required for '--api-port <PORT>'"]),
        (&["api", "--api-port", "abc"], &["invalid value 'abc'", "--api-port <PORT>"]),
        (&["processor", "--threads", "0"], &["'0'", "1..=64"]),
        (&["processor", "--security-protocol", "SLL"], &["'SLL'", "PLAINTEXT, SSL, SASL", "'SSL'"]),
        (&["processor", "--start", "soon"], &["'soon'", "--start <WHERE>"]),
        (
            &["token", "create", "--name", "a b", "--scope", "read"],
            &["'a b'", "streampulse token create --help"],
        ),
        (&["streams", "list", "--log-level", "loud"], &["'loud'", "error, warn, info"]),
        (&["streams", "list", "--log-level", "info,rdkafka=loud"], &["'rdkafka=loud'", "error, warn, info"]),
        (&["generate", "--events-per-minute=-5"], &["'-5'", "from 0 on"]),
        (&["demo", "--events-per-minute", "NaN"], &["'NaN'", "from 0 on"]),
        (&["processor", "--commit-events", "0"], &["'0'", "--commit-events <N>"]),
    ];
    for (arguments, words) in cases {
        assert_refused(&mut program(arguments), words);
    }
    // A line break in what was said makes no second line.
    assert_refused(&mut program(&["api", "--api-port", "1\n2"]), &["invalid value"]);
}

#[test]
fn a_wrong_value_of_the_environment_names_the_variable() {
    assert_refused(
        program(&["api"]).env("API_PORT", "abc"),
        &["environment variable API_PORT", "invalid value 'abc'", "streampulse api --help"],
    );
    assert_refused(
        program(&["streams", "list"]).env("LOG_LEVEL", "loud"),
        &["environment variable LOG_LEVEL", "'loud'"],
    );
    // A flag comes first, so the variable is not what is wrong.
    let line = refusal(program(&["api", "--api-port=x"]).env("API_PORT", "abc"));
    assert!(line.contains("'x'") && !line.contains("environment"), "{line}");
}

#[test]
fn a_wrong_settings_file_names_file_and_key() {
    let cases: [(&str, &[&str]); 7] = [
        ("api_port = \"abc\"\n", &["settings.toml: api_port: ", "invalid value 'abc'"]),
        ("API_REQUIRE_TOKEN = \"maybe\"\n", &["settings.toml: API_REQUIRE_TOKEN: ", "true, false"]),
        ("LOG_LEVEL = \"loud\"\n", &["settings.toml: LOG_LEVEL: ", "error, warn, info"]),
        ("API_PROT = 1\n", &["settings.toml", "'API_PROT'", "did you mean API_PORT?"]),
        ("COLOUR = \"red\"\n", &["settings.toml", "'COLOUR'", "KAFKA_BOOTSTRAP_SERVERS, "]),
        ("API_PORT = 1\napi_port = 2\n", &["settings.toml", "API_PORT", "twice"]),
        ("[API]\nPORT = 1\n", &["settings.toml", "'API'"]),
    ];
    for (text, words) in cases {
        let (_folder, file) = settings(text);
        assert_refused(&mut program(&["api", "--config", &file]), words);
        assert_refused(program(&["api"]).env("STREAMPULSE_CONFIG", &file), words);
    }
    let (_folder, file) = settings("STREAMS = [\"a\", \"b\"]\n");
    assert_refused(&mut program(&["migrate", "--config", &file]), &["STREAMS: ", "separated by commas"]);
    assert_refused(&mut program(&["migrate", "--config", "/no/such.toml"]), &["/no/such.toml"]);
    // So it is where the value is found wrong later than the line is read, unless a flag or variable came before it.
    let (_folder, file) = settings("STREAMS = \"content\"\nKAFKA_TOPIC = \"x\"\n");
    let migrate = || program(&["migrate", "--config", &file]);
    assert_refused(&mut migrate(), &["settings.toml: STREAMS: no stream 'content'"]);
    for line in [refusal(migrate().env("STREAMS", "more")), refusal(migrate().args(["--stream", "more"]))] {
        assert!(line.contains("no stream 'more'") && !line.contains("settings.toml"), "{line}");
    }
    // A line that cannot be read is named and not repeated.
    let (_folder, file) = settings("API_PORT = 1\nPG_PASSWORD secret\n");
    let line = refusal(&mut program(&["api", "--config", &file]));
    assert!(line.contains("line 2") && !line.contains("secret"), "{line}");
}

/// Whither `migrate` cannot connect tells what it was told.
#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let (_folder, file) =
        settings("pg_host = \"127.0.0.1\"\nPG_PORT = 1\nPG_USER = \"ann\"\nPG_DATABASE = \"inn\"\n");
    let migrate = |arguments: &[&str]| program(&[&["migrate", "--config", &file], arguments].concat());
    assert_refused(&mut migrate(&[]), &["ann@127.0.0.1:1/inn"]);
    assert_refused(migrate(&[]).env("PG_PORT", "2"), &["ann@127.0.0.1:2/inn"]);
    assert_refused(migrate(&["--pg-port", "3"]).env("PG_PORT", "2"), &["ann@127.0.0.1:3/inn"]);
    // Where the file stands on the line, and what words stand beside it, does not matter.
    let command = ["--config", &file, "migrate", "--pg-database", "demo"];
    assert_refused(&mut program(&command), &["ann@127.0.0.1:1/demo"]);
    // Settings of other commands may stand in the file.
    let (_folder, file) =
        settings("PG_HOST = \"127.0.0.1\"\nPG_PORT = 1\nMONITOR_PORT = 1\nSTREAMS = \"a,b\"\n");
    assert_refused(&mut program(&["migrate", "--config", &file]), &["STREAMS", "no stream 'a'"]);
    assert_refused(&mut program(&["token", "list", "--config", &file]), &["127.0.0.1:1"]);
}

#[test]
fn a_slip_in_a_variables_name_is_a_warning_that_names_the_right_one() {
    let mut listing = program(&["streams", "list"]);
    let output = listing.env("KAFKA_TOPIK", "secret").env("KAFKA_HEAP_OPTS", "-Xmx1g").output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("KAFKA_TOPIK is not read; did you mean KAFKA_TOPIC?"), "{printed}");
    assert!(!printed.contains("secret"), "{printed}");
}

#[test]
fn help_is_printed_where_it_is_asked_for_and_holds_no_password() {
    let (_folder, file) = settings("PG_PASSWORD = \"geheim\"\nPG_USER = \"ann\"\n");
    let output =
        program(&["migrate", "--help", "--config", &file]).env("KAFKA_PASSWORD", "geheim").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{printed}");
    assert!(printed.contains("[default: ann]") && !printed.contains("geheim"), "{printed}");
    assert!(program(&["--version"]).output().unwrap().status.success());
}

#[test]
fn every_flag_says_what_it_is_for_and_every_command_has_an_example() {
    assert_taught(&Cli::command(), "streampulse");
}

fn assert_taught(command: &clap::Command, called: &str) {
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        assert!(arg.get_help().is_some(), "{called}: {} has no text", arg.get_id());
    }
    let mut commands = command.get_subcommands().filter(|command| !command.is_hide_set()).peekable();
    if commands.peek().is_none() {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(examples.contains("Example") && examples.contains(called), "{called}: {examples}");
    }
    commands.for_each(|command| assert_taught(command, &format!("{called} {}", command.get_name())));
}
