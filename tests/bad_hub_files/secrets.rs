//! Secrets typed in clear: no output repeats them.

use crate::scratch::{Scratch, stderr, stdout};

/// Ways to write `hunter2` where only a reference to it belongs.
const FILES: &[&str] = &[
    "auth: { password: { admin_password: hunter2 } }",
    "auth: { password: { admin_password: { env: hunter2-x } } }",
    "auth: { password: { admin_password: { hunter2 } } }",
    "auth: { password: { admin_password: { value: hunter2 } } }",
    "auth: { password: { admin_password: { env: X, value: hunter2 } } }",
    "auth: { password: { admin_password: [hunter2] } }",
    "auth: { password: { admin_password: { sops: hunter2 } } }",
    "auth: { password: { admin_password: | \n   hunter2\n  } }",
    "auth:\n  password:\n    admin_password: |\n      long\n      hunter2",
    "auth: { password: { admin_pasword: hunter2 } }",
    "auth: { password: { allow: [UPPER], admin_password: hunter2 } }",
    "auth: { password: hunter2 }",
    "auth: { githb: { client_secret: hunter2 } }",
    "client_secret: hunter2",
    "auth: { github: { client_secret: hunter2 } }",
    "auth: { password: { admin_password: { env: X }, admin_password: hunter2 } }",
    "auth: { password: { admin_password: \"hunter2 } }",
    "gateways: [{ name: g, file: f, auth: password, password: hunter2 }]",
    "xyzzy: { api_token: hunter2 }",
    "overrides: { jupyterhub: { hub: { cookieSecret: hunter2 } } }",
    "overrides: { jupyterhub: { hub: { extraEnv: { A: { name: A_TOKEN, value: hunter2 } } } } }",
    "overrides: { jupyterhub: { hub: { config: { CryptKeeper: { keys: [hunter2] } } } } }",
    "overrides: { dask-gateway: { gateway: { env: [{ name: A_TOKEN, value: hunter2 }], nothing: 1 } } }",
    "overrides: { terraform: { db_password: hunter2 } }",
];

#[test]
fn a_secret_typed_in_clear_is_never_repeated() {
    for line in FILES {
        let machine = Scratch::new();
        machine.write("hub.yaml", crate::cases::with(line));
        for arguments in
            [vec!["validate"], vec!["validate", "-o", "json"], vec!["validate", "-o", "csv"], vec!["up"]]
        {
            let output = machine.run(&arguments);
            let all = stdout(&output) + &stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{line}: {all}");
            assert!(!all.contains("hunter2"), "{arguments:?}, {line}:\n{all}");
        }
    }
}

#[test]
fn the_place_of_a_secret_is_shown_without_its_text() {
    let machine = Scratch::new();
    machine.write("hub.yaml", crate::cases::with("auth: { password: { admin_password: hunter2 } }"));
    let drawn = stderr(&machine.run(["validate"]));
    assert!(drawn.contains("a secret never stands in the file"), "{drawn}");
    assert!(drawn.contains("3 | auth: { password: { admin_password: ••••••• } }\n"), "{drawn}");
    assert!(drawn.contains("^^^^^^^ not `env`, `file` or `sops`"), "{drawn}");
}
