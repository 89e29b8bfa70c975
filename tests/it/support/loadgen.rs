//! Running the load generator beside a daemon.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::Value as Json;

use super::source;

/// What it said in the end.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// All that it wrote.
    pub text: String,
    /// Its summary; null when it wrote none.
    pub summary: Json,
}

/// The load generator, built from the sources as they are: a test of one package does not build another.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = Path::new(env!("CARGO_BIN_EXE_muttd")).with_file_name("loadgen");
        let built =
            std::fs::metadata(&path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let newest = source::files(&["loadgen"], &["Cargo.toml", ".rs"])
            .iter()
            .map(|file| std::fs::metadata(source::root().join(&file.path)).unwrap().modified().unwrap())
            .max();
        if newest > Some(built) {
            let profile = path.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--package", "loadgen", "--bin", "loadgen"]);
            cargo.args((profile == "release").then_some("--release"));
            cargo.env("CARGO_TARGET_DIR", path.parent().unwrap().parent().unwrap());
            assert!(cargo.current_dir(source::root()).status().unwrap().success(), "building loadgen");
        }
        path
    })
}

/// A load generator at work.
#[derive(Debug)]
pub struct Running {
    child: Child,
    summary: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts one with `arguments`, which are divided at blanks; files are in `folder`.
    pub fn start(folder: &Path, arguments: &str) -> Self {
        let summary = folder.join("loadgen.json");
        let _ = std::fs::remove_file(&summary);
        let child = Command::new(program())
            .args(arguments.split_whitespace())
            .arg("--json")
            .arg(&summary)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, summary }
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Outcome {
        let mut text = String::new();
        // Both streams are small: they fit into their pipes.
        for stream in [
            self.child.stdout.take().map(|stream| Box::new(stream) as Box<dyn std::io::Read>),
            self.child.stderr.take().map(|stream| Box::new(stream) as Box<dyn std::io::Read>),
        ] {
            stream.unwrap().read_to_string(&mut text).unwrap();
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let summary = std::fs::read(&self.summary).ok();
        let summary = summary.map_or(Json::Null, |octets| serde_json::from_slice(&octets).unwrap());
        Outcome { code, text, summary }
    }
}

/// Runs one to its end.
pub fn run(folder: &Path, arguments: &str) -> Outcome {
    Running::start(folder, arguments).wait()
}
