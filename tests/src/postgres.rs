//! A PostgreSQL server of the test's own.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::PathBuf,
    process::{Command, Stdio},
};

use saga_runtime::store::{Postgres, PostgresOptions};
use tempfile::TempDir;

use crate::{process::free_address, servers::installed};

/// A cluster with a port and a folder of its own; it is stopped with this.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    address: SocketAddr,
    user: Option<u32>,
}

impl Cluster {
    /// Makes it and starts it. `None`, said aloud, where PostgreSQL is not installed; with `CI=true` that is a failure.
    ///
    /// # Errors
    /// If there is no folder, no port, or it does not come to answer.
    ///
    /// # Panics
    /// With `CI=true`, if it is not installed.
    pub fn start() -> io::Result<Option<Self>> {
        Self::start_with("", &[])
    }

    /// As [`start`](Self::start), with lines of its configuration and files that stand beside its data, by name.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_with(configuration: &str, files: &[(&str, &str)]) -> io::Result<Option<Self>> {
        let debian = newest_of_debian();
        let debian: Vec<&str> = debian.iter().map(String::as_str).collect();
        let Some(initdb) = installed("initdb", "postgresql", &debian) else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        // The server refuses to be run by root.
        let user = if id_of(None)? == 0 {
            Some(id_of(Some("postgres"))?)
        } else {
            None
        };
        if let Some(user) = user {
            chown(folder.path(), Some(user), None)?;
        }
        let cluster = Self {
            programs: initdb.parent().map(PathBuf::from).unwrap_or_default(),
            folder,
            address: free_address()?,
            user,
        };
        cluster.run(cluster.program("initdb").args([
            "--auth",
            "trust",
            "--username",
            "postgres",
            "--no-sync",
        ]))?;
        for (name, text) in files {
            cluster.put(name, text)?;
        }
        let place = cluster.folder.path().join("data/postgresql.conf");
        let whole = fs::read_to_string(&place)? + configuration;
        fs::write(place, whole)?;
        cluster.control("start")?;
        Ok(Some(cluster))
    }

    /// Stops it and starts it again as a replica, which only reads.
    ///
    /// # Errors
    /// If it does not come to answer again.
    pub fn demote(&self) -> io::Result<()> {
        self.put("data/standby.signal", "")?;
        self.control("restart")
    }

    /// Writes a file that nobody but the server reads.
    fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let file = self.folder.path().join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        chown(&file, self.user, None)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How to connect to it.
    pub fn options(&self) -> PostgresOptions {
        Postgres::options(format!("postgres://postgres@{}/postgres", self.address))
    }

    /// Stops it in the midst of what it does, as a crash would, and starts it again: it recovers.
    ///
    /// # Errors
    /// If it does not come to answer again.
    pub fn crash(&self) -> io::Result<()> {
        self.control("restart")
    }

    fn control(&self, what: &str) -> io::Result<()> {
        let options = format!(
            "-c listen_addresses={} -c port={} -c unix_socket_directories=''",
            self.address.ip(),
            self.address.port()
        );
        let log = self.folder.path().join("log");
        let mut command = self.program("pg_ctl");
        command
            .args(["-w", "-m", "immediate", "-o", &options, "-l"])
            .arg(log)
            .arg(what);
        self.run(&mut command)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PGDATA", self.folder.path().join("data"));
        command.current_dir(self.folder.path());
        if let Some(user) = self.user {
            command.uid(user);
        }
        command
    }

    fn run(&self, command: &mut Command) -> io::Result<()> {
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(io::Error::other(format!("{command:?}: {status}\n{log}")))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.control("stop");
    }
}

/// Where Debian puts the programs of the server, which are not in the path; the newest version first.
fn newest_of_debian() -> Vec<String> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<u32> = versions
        .filter_map(|version| version.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    let newest_first = versions.iter().rev();
    newest_first
        .map(|version| format!("/usr/lib/postgresql/{version}/bin"))
        .collect()
}

/// The number of a user, or of who runs this.
fn id_of(user: Option<&str>) -> io::Result<u32> {
    let output = Command::new("id").arg("-u").args(user).output()?;
    let number = String::from_utf8_lossy(&output.stdout).trim().parse();
    number.map_err(|_| io::Error::other(format!("there is no user {user:?}")))
}
