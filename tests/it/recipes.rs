//! What it takes to add one more of a kind: each recipe of CONTRIBUTING is applied to a copy of the sources, its files are
//! counted, and all of them together must compile.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::support::source::root;

/// The recipes, each with the most source files that it may touch. Tests and documentation come beside.
const RECIPES: [(&str, usize); 5] =
    [("setting", 2), ("drop-reason", 2), ("condition", 3), ("sink", 3), ("listener", 3)];

/// What the build of a copy needs.
const COPIED: [&str; 9] =
    [".cargo", "Cargo.lock", "Cargo.toml", "benches", "config", "loadgen", "src", "tests", "README.md"];

/// The changes of one recipe, by path from the root.
fn read_recipe(name: &str) -> BTreeMap<String, String> {
    let path = root().join("tests/recipes").join(format!("{name}.patch"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut changes = BTreeMap::new();
    for part in text.split("diff --git ").skip(1) {
        let start = part.find("--- ").expect("a change of a text file");
        let to = part.lines().find_map(|line| line.strip_prefix("+++ b/")).expect("no file is removed");
        changes.insert(to.to_owned(), part[start..].to_owned());
    }
    changes
}

/// Applies the changes of a recipe to the copy in `folder`; lines may have moved since it was written.
fn apply(folder: &Path, name: &str, changes: &BTreeMap<String, String>) {
    for (path, change) in changes {
        let path = folder.join(path);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let patch = diffy::Patch::from_str(change).unwrap();
        let after = diffy::apply(&before, &patch).unwrap_or_else(|error| {
            panic!("recipe {name} does not apply to {}: {error}; write its patch anew", path.display())
        });
        std::fs::write(&path, after).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

#[test]
fn each_recipe_touches_few_files() {
    for (name, files_max) in RECIPES {
        let changes = read_recipe(name);
        let sources = changes.keys().filter(|path| path.starts_with("src/")).count();
        assert!((1..=files_max).contains(&sources), "{name} touches {sources} files: {:?}", changes.keys());
    }
}

#[test]
fn all_recipes_together_compile() {
    let folder = tempfile::tempdir().unwrap();
    for name in COPIED {
        copy(&root().join(name), &folder.path().join(name));
    }
    for (name, _) in RECIPES {
        apply(folder.path(), name, &read_recipe(name));
    }
    // What the other packages need was compiled for this test already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let check = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--lib", "--manifest-path"])
        .arg(folder.path().join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", std::env::var("RUSTFLAGS").unwrap_or_default())
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
