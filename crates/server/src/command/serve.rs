//! `limpet-server serve`: what can be said of how to serve, and serving until somebody asks it to stop.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use url::Url;

use super::{Place, asked_to_stop, say};
use crate::serve::{Mail, Settings, start};

/// What `--data` is to a server.
const DATA: &str = "Folder that holds the database, the uploads and the blobs; created if need be. With --database and \
                    --blobs nothing in it is worth keeping, and without it the server makes one for as long as it runs";

#[derive(Args)]
#[command(mut_arg("data", |data| data.help(DATA)))]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// How the outside reaches this server: links begin with it.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Clips prepared at once; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,
    /// Take clients' addresses from the last entry of X-Forwarded-For, which a proxy in front writes.
    #[arg(long)]
    behind_proxy: bool,
    /// Allow webhooks on this computer, also without TLS: for tests and for development.
    #[arg(long)]
    webhooks_to_loopback: bool,
    /// Mail server, such as smtps://user:password@mail.example.org:465; no mail is sent without. With smtp:// TLS
    /// (STARTTLS) begins once the server has greeted, before the password and the mail, unless it is on this machine.
    #[arg(long, value_name = "URL", env = "LIMPET_SMTP", hide_env_values = true, requires = "mail_from")]
    smtp: Option<String>,
    /// Who mails are from, such as "Limpet <limpet@example.org>".
    #[arg(long, value_name = "MAILBOX", env = "LIMPET_MAIL_FROM")]
    mail_from: Option<String>,
    /// Go on serving so many seconds after SIGTERM, saying 503 at /readyz, until no balancer sends anything here.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    drain: u64,
    /// Show metrics for Prometheus at /metrics of this address, such as 127.0.0.1:9470; whoever reaches it reads them.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// Send traces to this OpenTelemetry collector by OTLP over HTTP; /v1/traces is added.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(url) = &self.public_url {
            let parsed = Url::parse(url).with_context(|| format!("--public-url {url} is not an address"))?;
            if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
                bail!("--public-url has to begin with http:// or https://");
            }
            if self.smtp.is_some() && parsed.scheme() == "http" {
                tracing::warn!(
                    "Links in mails begin with http://: whoever is on the way reads them. Serve by https://"
                );
            }
        } else if self.smtp.is_some() {
            bail!(
                "links in mails have to lead here: say --public-url, too, such as https://chat.example.org"
            );
        }
        let bucket = self.place.bucket();
        // A node without a folder of its own has one for the while, and with it a name of its own.
        let passing = if self.place.data.is_none() && self.place.database.is_some() && bucket.is_some() {
            Some(tempfile::Builder::new().prefix("limpet-server-").tempdir()?)
        } else {
            None
        };
        let data = match &passing {
            Some(folder) => folder.path(),
            None => self.place.folder()?,
        };
        let settings = Settings {
            listen: self.listen,
            public_url: self.public_url,
            blobs: bucket,
            workers: self.workers,
            behind_proxy: self.behind_proxy,
            mail: self.smtp.zip(self.mail_from).map(|(server, from)| Mail { server, from }),
            drain: Duration::from_secs(self.drain),
            metrics: self.metrics,
            otlp: self.otlp.filter(|address| !address.is_empty()),
            webhooks_to_loopback: self.webhooks_to_loopback,
            ..Settings::in_folder(data)
        };
        let settings = Settings { database: self.place.database, ..settings };
        raise_open_files();
        let running = start(settings).await?;
        // Before it says so: whoever reads that may ask it to stop at once.
        let asked = asked_to_stop()?;
        say(&format!("listening on http://{}", running.address))?;
        asked.await;
        running.stop().await;
        Ok(())
    }
}

/// As many open files as the system lets this process have: each device that listens is one, and many systems begin with
/// 1024.
fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            tracing::warn!(?current, ?maximum, %error, "Cannot have more open files");
        }
    }
}
