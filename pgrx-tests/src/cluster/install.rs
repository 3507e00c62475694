//! Installing the extension into a private server tree: library, control file, and SQL.

use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};
use pgrx_sql_entity_graph::section::{decode_entities, is_schema_section_name};
use pgrx_sql_entity_graph::{ControlFile, PgrxSql, SqlGraphEntity};

use super::process::{Context, replace};
use super::server_tree::{Tree, entries};
use super::workspace::Workspace;
use super::{Result, fail};

/// Where a tree has the library.
pub(super) fn library_in(tree: &Tree) -> PathBuf {
    tree.lib.join("erp_sync.so")
}

/// The scripts of the extension that a tree has, in the order of their names.
pub(super) fn scripts_in(tree: &Tree) -> Result<Vec<PathBuf>> {
    let is_one = |file: &PathBuf| is_script(&file.file_name().unwrap_or_default().to_string_lossy());
    let mut scripts: Vec<PathBuf> = entries(&tree.extension)?.into_iter().filter(is_one).collect();
    scripts.sort();
    Ok(scripts)
}

/// Installs what has changed and returns how many files that were. Files are replaced by
/// rename: a library that is overwritten in place takes every running backend down with it.
pub(super) fn install(workspace: &Workspace, library: &Path, tree: &Tree) -> Result<usize> {
    let bytes = std::fs::read(library).context(library.display())?;
    let control = workspace.root.join("erp_sync.control");
    let control = std::fs::read_to_string(&control).context(control.display())?;
    let control = control.replace("@CARGO_VERSION@", &workspace.version);

    let mut scripts = upgrade_scripts(&workspace.root.join("sql"))?;
    let script = format!("erp_sync--{}.sql", workspace.version);
    if library_in(tree).exists()
        && std::fs::read(library_in(tree)).is_ok_and(|old| old == bytes)
        && tree.extension.join(&script).exists()
    {
        // The same library gives the same SQL.
        scripts.retain(|(name, _)| *name != script);
    } else {
        scripts.push((script.clone(), schema(&bytes, &control)?.into_bytes()));
    }

    let mut changed = 0;
    changed += usize::from(replace(&library_in(tree), &bytes, 0o755)?);
    changed += usize::from(replace(&tree.extension.join("erp_sync.control"), control.as_bytes(), 0o644)?);
    for (name, content) in &scripts {
        changed += usize::from(replace(&tree.extension.join(name), content, 0o644)?);
    }
    let kept = |name: &str| name == script || scripts.iter().any(|(other, _)| other == name);
    changed += remove_old_scripts(&tree.extension, kept)?;
    Ok(changed)
}

/// The statements of `create extension`, from the section that pgrx leaves in the library.
fn schema(library: &[u8], control: &str) -> Result<String> {
    let control = ControlFile::from_str(control).context("reading erp_sync.control")?;
    let file = object::File::parse(library).context("reading the library")?;
    let section = file.sections().find(|section| section.name().is_ok_and(is_schema_section_name));
    let Some(section) = section else {
        return fail("the library has no section .pgrxsc: was it built without the feature pgNN?");
    };
    let mut entities = vec![SqlGraphEntity::ExtensionRoot(control)];
    entities.extend(
        decode_entities(section.data().context("reading the section .pgrxsc")?).context("its content")?,
    );
    let sql = PgrxSql::build(entities.into_iter(), "erp_sync".into(), false).context("ordering the SQL")?;
    sql.to_sql().context("writing the SQL")
}

/// Name and content of `sql/erp_sync--*.sql`: upgrades, and older versions to upgrade from.
fn upgrade_scripts(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let files = if folder.is_dir() { entries(folder)? } else { Vec::new() };
    let mut scripts = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_script(&name) {
            scripts.push((name, std::fs::read(&file).context(file.display())?));
        }
    }
    Ok(scripts)
}

fn remove_old_scripts(folder: &Path, kept: impl Fn(&str) -> bool) -> Result<usize> {
    let mut removed = 0;
    for file in entries(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if is_script(&name) && !kept(&name) {
            std::fs::remove_file(&file).context(file.display())?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_script(name: &str) -> bool {
    name.starts_with("erp_sync--") && name.ends_with(".sql")
}
