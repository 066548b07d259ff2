use clap::Args;

/// How to reach Kafka.
#[derive(Clone, Args)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaArgs {
    /// Brokers to ask first, host:port separated by commas.
    #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS", default_value = "localhost:9092", value_name = "SERVERS")]
    pub bootstrap_servers: String,
    /// How connections are protected: TLS with …SSL, a login with SASL_… [default: PLAINTEXT].
    #[arg(long, env = "KAFKA_SECURITY_PROTOCOL", value_name = "PROTOCOL",
        value_parser = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], ignore_case = true)]
    pub security_protocol: Option<String>,
    /// How to log in, with a security protocol that has a login.
    #[arg(long, env = "KAFKA_SASL_MECHANISM", value_name = "MECHANISM",
        value_parser = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], ignore_case = true)]
    pub sasl_mechanism: Option<String>,
    /// Whom to log in as.
    #[arg(long, env = "KAFKA_USERNAME", value_name = "NAME")]
    pub kafka_username: Option<String>,
    /// Its password; better in the variable, as flags can be seen in the list of processes.
    #[arg(long, env = "KAFKA_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub kafka_password: Option<String>,
    /// Another property of librdkafka, such as ssl.ca.location=ca.pem; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = property)]
    pub kafka_property: Vec<(String, String)>,
}

impl KafkaArgs {
    /// The properties that a client is made from.
    #[must_use]
    pub fn properties(&self) -> Vec<(String, String)> {
        let named = [
            ("bootstrap.servers", Some(&self.bootstrap_servers)),
            ("security.protocol", self.security_protocol.as_ref()),
            ("sasl.mechanism", self.sasl_mechanism.as_ref()),
            ("sasl.username", self.kafka_username.as_ref()),
            ("sasl.password", self.kafka_password.as_ref()),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        named.chain(self.kafka_property.iter().cloned()).collect()
    }
}

impl std::fmt::Debug for KafkaArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the password nor properties, which may hold one.
        f.debug_struct("KafkaArgs")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .finish_non_exhaustive()
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value, such as ssl.ca.location=ca.pem")?;
    Ok((name.to_owned(), value.to_owned()))
}
