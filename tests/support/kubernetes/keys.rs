//! Keys and certificates of one cluster, made by openssl.

use std::path::PathBuf;
use std::process::Command;

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// A folder with an authority and what it signed: NAME.crt and NAME.key.
pub(crate) struct Keys {
    folder: PathBuf,
}

impl Keys {
    pub(crate) fn new(folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let keys = Self { folder };
        let authority =
            ["-subj", "/CN=frazil-test", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"];
        keys.openssl(
            &[&["req", "-x509"], &KEY[..], &authority, &["-keyout", "ca.key", "-out", "ca.crt"]].concat(),
        );
        keys
    }

    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.crt"))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// A server's certificate, for these names and addresses.
    pub(crate) fn server(&self, name: &str, alternatives: &str) {
        self.sign(name, &format!("/CN={name}"), 2, &format!("subjectAltName={alternatives}"));
    }

    /// A person's certificate; Kubernetes reads the name from CN and the groups from O. It ended
    /// long ago if `days` is negative.
    pub(crate) fn person(&self, name: &str, groups: &[&str], days: i32) {
        let groups: String = groups.iter().map(|group| format!("/O={group}")).collect();
        self.sign(name, &format!("{groups}/CN={name}"), days, "extendedKeyUsage=clientAuth");
    }

    fn sign(&self, name: &str, subject: &str, days: i32, extension: &str) {
        let [request, certificate, key] = ["csr", "crt", "key"].map(|end| format!("{name}.{end}"));
        let wish = ["-subj", subject, "-addext", extension, "-keyout", &key, "-out", &request];
        self.openssl(&[&["req"], &KEY[..], &wish].concat());
        let days = days.to_string();
        let authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-copy_extensions", "copy", "-days", &days];
        self.openssl(&[&["x509", "-req", "-in", &request, "-out", &certificate], &authority[..]].concat());
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(&self.folder).output().unwrap();
        assert!(
            output.status.success(),
            "openssl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// What reaches the API server at `address` as `name`, who is in `keys`; JSON, which is YAML.
pub(crate) fn kubeconfig(keys: &Keys, address: &str, context: &str, name: &str) -> String {
    let cluster = serde_json::json!({ "server": address, "certificate-authority": keys.certificate("ca") });
    let user =
        serde_json::json!({ "client-certificate": keys.certificate(name), "client-key": keys.key(name) });
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": context, "cluster": cluster }],
        "users": [{ "name": name, "user": user }],
        "contexts": [{ "name": context, "context": { "cluster": context, "user": name } }],
        "current-context": context,
    })
    .to_string()
}
