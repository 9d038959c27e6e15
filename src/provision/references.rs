//! Secrets that a hub file refers to: variables, files, what sops decrypts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::{HubDocument, SecretRef};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::tool::Call;

/// Reads what a reference of a key leads to.
///
/// # Errors
/// When it leads nowhere, or others can read the file.
pub fn resolve(context: &Context, document: &HubDocument, at: &SecretRef, key: &str) -> Result<String> {
    let refuse = |what: String| Error::failed(format!("`{key}`: {what}"));
    let text = match at {
        SecretRef::Env(name) => context.variable(name).map(str::to_owned).ok_or_else(|| {
            refuse(format!("the variable {name} is not set"))
                .hint(format!("set it before the call: `read -rs {name}; export {name}`"))
        })?,
        SecretRef::File(name) => {
            let path = document.folder().join(name);
            refuse_readable_by_others(&path, &refuse)?;
            fs::read_to_string(&path)
                .map_err(|error| refuse(format!("{} cannot be read", path.display())).because(error))?
        }
        SecretRef::Sops(reference) => decrypt(context, document, reference, &refuse)?,
    };
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn refuse_readable_by_others(path: &Path, refuse: &dyn Fn(String) -> Error) -> Result<()> {
    let open = path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if open {
        let message = format!("other accounts can read {}", path.display());
        return Err(refuse(message).hint(format!("close it: `chmod 600 {}`", path.display())));
    }
    Ok(())
}

fn decrypt(
    context: &Context,
    document: &HubDocument,
    reference: &str,
    refuse: &dyn Fn(String) -> Error,
) -> Result<String> {
    let (file, key) = reference.split_once('#').unwrap_or((reference, ""));
    let sops = context.find_program("sops").ok_or_else(|| {
        refuse("sops is not installed".to_owned())
            .hint("install sops, or refer to an environment variable: `{ env: NAME }`")
    })?;
    let path: String = key.split('.').map(|part| format!("[\"{part}\"]")).collect();
    let call = Call::new(sops)
        .arguments(["--decrypt", "--extract", &path])
        .arguments([document.folder().join(file)]);
    Ok(call.output()?)
}
