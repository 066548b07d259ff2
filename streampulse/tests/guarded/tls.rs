//! Connections to a PostgreSQL that has a certificate, and takes encrypted connections only.

use std::{path::PathBuf, process::Command};

use common::db::{self, PgSettings, SslMode, Tls};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tempfile::TempDir;

/// An authority that signs certificates, and its own one in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Certificate and key for a host.
    fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A PostgreSQL with this certificate that takes encrypted connections only.
async fn encrypted(certificate: &str, key: &str) -> PrivatePostgres {
    let postgres = PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
    let client = db::connect(&postgres.settings(), "test").await.unwrap();
    // Written by the server itself, into its own folder and as its own user.
    for (file, text) in [
        ("server.crt", certificate),
        ("server.key", key),
        ("pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256"),
    ] {
        let sql = format!(
            "COPY (SELECT unnest(string_to_array($text${}$text$, E'\\n'))) TO PROGRAM 'umask 077; cat > {file}'",
            text.trim()
        );
        client.batch_execute(&sql).await.unwrap();
    }
    client.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // The reload is over once connections that are not encrypted are turned away.
    let begin = std::time::Instant::now();
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(20));
    while db::connect(&postgres.settings(), "test").await.is_ok() {
        assert!(begin.elapsed().as_secs() < 20, "the server did not take up its settings");
        pace.tick().await;
    }
    postgres
}

fn with(postgres: &PrivatePostgres, mode: SslMode, authority: Option<&Authority>) -> PgSettings {
    PgSettings {
        host: "localhost".to_owned(),
        tls: Tls { mode, root_cert: authority.map(Authority::file) },
        ..postgres.settings()
    }
}

async fn is_encrypted(settings: &PgSettings) -> bool {
    let client =
        db::connect(settings, "test").await.unwrap_or_else(|error| panic!("{:?}: {error}", settings.tls));
    let pool = db::pool(settings, 1, "test").unwrap();
    let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let pooled: bool = pool.get().await.unwrap().query_one(query, &[]).await.unwrap().get(0);
    pooled && client.query_one(query, &[]).await.unwrap().get::<_, bool>(0)
}

async fn refusal(settings: &PgSettings) -> String {
    db::connect(settings, "test").await.expect_err("a server was believed that must not be").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_believed_as_far_as_the_mode_says() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.certify("localhost");
    let postgres = encrypted(&certificate, &key).await;
    for (mode, known) in [
        (SslMode::Prefer, None),
        (SslMode::Require, None),
        (SslMode::Require, Some(&other)),
        (SslMode::VerifyCa, Some(&authority)),
        (SslMode::VerifyFull, Some(&authority)),
    ] {
        assert!(is_encrypted(&with(&postgres, mode, known)).await, "{mode}");
    }
    for (mode, known) in [
        (SslMode::VerifyCa, Some(&other)),
        (SslMode::VerifyFull, Some(&other)),
        (SslMode::VerifyCa, None),
        (SslMode::VerifyFull, None),
    ] {
        let refused = refusal(&with(&postgres, mode, known)).await;
        assert!(refused.contains("certificate"), "{mode}: {refused}");
    }
    // Signed by whom we believe, but for another host than the one asked for.
    let elsewhere =
        PgSettings { host: "127.0.0.1".to_owned(), ..with(&postgres, SslMode::VerifyFull, Some(&authority)) };
    let refused = refusal(&elsewhere).await;
    assert!(refused.contains("certificate"), "{refused}");
    let any_host = PgSettings { tls: Tls { mode: SslMode::VerifyCa, ..elsewhere.tls.clone() }, ..elsewhere };
    assert!(is_encrypted(&any_host).await);

    let refused = refusal(&with(&postgres, SslMode::Disable, None)).await;
    assert!(refused.contains("no encryption") && refused.contains("PG_SSLMODE=require"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let (certificate, key) = authority.certify("db.example");
    let postgres = encrypted(&certificate, &key).await;
    let refused = refusal(&with(&postgres, SslMode::VerifyFull, Some(&authority))).await;
    assert!(refused.contains("certificate"), "{refused}");
    assert!(is_encrypted(&with(&postgres, SslMode::VerifyCa, Some(&authority))).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_migrates_over_a_verified_connection_and_says_what_is_wrong_with_another() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.certify("localhost");
    let postgres = encrypted(&certificate, &key).await;
    let pg = postgres.settings();
    let migrate = |mode: &str, file: PathBuf| {
        let output = Command::new(env!("CARGO_BIN_EXE_streampulse"))
            .env_clear()
            .env("PG_HOST", "localhost")
            .env("PG_PORT", pg.port.to_string())
            .env("PG_USER", &pg.user)
            .env("PG_PASSWORD", pg.password.clone().unwrap_or_default())
            .env("PG_DATABASE", &pg.dbname)
            .env("PG_SSLMODE", mode)
            .env("PG_SSLROOTCERT", file)
            .env("LOG_LEVEL", "error")
            .arg("migrate")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, printed) = migrate("verify-full", authority.file());
    assert_eq!(code, Some(0), "{printed}");
    for (mode, file, word) in [
        ("verify-full", other.file(), "certificate"),
        ("verify-full", PathBuf::from("/no/such/file"), "PG_SSLROOTCERT"),
        ("disable", authority.file(), "no encryption"),
    ] {
        let (code, printed) = migrate(mode, file);
        assert_eq!((code, printed.lines().count()), (Some(2), 1), "{printed}");
        assert!(printed.contains(word), "{printed}");
    }
}
