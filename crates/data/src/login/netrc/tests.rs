use proptest::prelude::*;

use super::*;

const HOST: &str = "urs.earthdata.nasa.gov";

fn entry(login: &str, password: &str) -> Entry {
    Entry { login: login.to_owned(), password: password.to_owned().into() }
}

fn found(text: &str) -> Option<(String, String)> {
    let entry = Netrc::parse(text.to_owned()).entry(HOST)?;
    Some((entry.login, entry.password.expose_secret().to_owned()))
}

fn read(text: &str) -> (String, String) {
    found(text).unwrap()
}

fn pair(login: &str, password: &str) -> (String, String) {
    (login.to_owned(), password.to_owned())
}

#[test]
fn entries_are_found_in_all_their_forms() {
    for text in [
        "machine urs.earthdata.nasa.gov login ada password pw",
        "machine urs.earthdata.nasa.gov\n\tlogin ada\n\tpassword pw\n",
        "# mine\nmachine other login x password y # z\nmachine urs.earthdata.nasa.gov password pw login ada\n",
        "machine ftp login a password b macdef init\ncd /pub\nmachine urs.earthdata.nasa.gov\n\nmachine urs.earthdata.nasa.gov login ada account q password \"pw\"",
        "default login ada password pw",
        "machine URS.earthdata.nasa.gov login ada password pw default login x password y",
    ] {
        assert_eq!(read(text), pair("ada", "pw"), "{text}");
    }
}

#[test]
fn values_may_hold_what_looks_like_a_comment_or_a_keyword() {
    assert_eq!(read("machine urs.earthdata.nasa.gov login ada password #pw"), pair("ada", "#pw"));
    assert_eq!(read("machine urs.earthdata.nasa.gov login machine password login"), pair("machine", "login"));
    assert_eq!(
        read(r#"machine urs.earthdata.nasa.gov login ada password "a b\"c\\d""#),
        pair("ada", r#"a b"c\d"#)
    );
    assert_eq!(read(r"machine urs.earthdata.nasa.gov login ada password a\b"), pair("ada", r"a\b"));
}

#[test]
fn half_an_entry_is_none() {
    assert_eq!(found("machine urs.earthdata.nasa.gov login ada"), None);
    assert_eq!(found("machine urs.earthdata.nasa.gov"), None);
    assert_eq!(found("machine"), None);
    assert_eq!(found(""), None);
}

#[test]
fn a_change_keeps_everything_else() {
    let text = "# keep me\nmachine a login x password y\n\nmachine urs.earthdata.nasa.gov # here\n  password old\n  login ada\n\nmacdef init\n  ls\n\ndefault login q password r\n";
    let changed = Netrc::parse(text.to_owned()).with(HOST, &entry("grace", "new pw")).unwrap();
    assert_eq!(
        changed.text,
        text.replace("password old", "password \"new pw\"").replace("login ada", "login grace")
    );
    let other = Netrc::parse(text.to_owned()).with("uat.urs.earthdata.nasa.gov", &entry("u", "v")).unwrap();
    let line = "machine uat.urs.earthdata.nasa.gov login u password v\n";
    assert_eq!(other.text, text.replace("default", &format!("{line}default")));
}

#[test]
fn a_file_is_replaced_as_a_whole_and_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("dotfiles-netrc"), folder.path().join(".netrc"));
    std::fs::write(&real, "machine a login b password c").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    Netrc::read(&link).unwrap().with(HOST, &entry("ada", "pw")).unwrap().write(&link).unwrap();
    assert!(link.is_symlink());
    assert_eq!(
        std::fs::read_to_string(&real).unwrap(),
        "machine a login b password c\nmachine urs.earthdata.nasa.gov login ada password pw\n"
    );
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(Netrc::read(&folder.path().join("none")).unwrap().entry(HOST).is_none());
}

#[test]
fn a_file_that_nothing_can_be_added_to_is_told() {
    for text in ["machine a login \"b", "machine a login b macdef init\nls", "machine"] {
        let told = Netrc::parse(text.to_owned()).with(HOST, &entry("ada", "pw")).unwrap_err();
        assert!(told.advice().contains("not changed"), "{text}");
    }
}

#[test]
fn nothing_of_it_is_shown() {
    let netrc = Netrc::parse("machine urs.earthdata.nasa.gov login ada password tell-no-one".to_owned());
    assert!(!format!("{netrc:?}{:?}", netrc.entry(HOST)).contains("tell-no-one"));
}

proptest! {
    /// Whatever stood in the file, what is written is read back, and other machines keep theirs.
    #[test]
    fn what_is_written_is_read(
        before in "(machine|login|password|default|macdef|account|#|a|b|\"|\\\\|\n| ){0,60}",
        login in "[^\\pC]{1,20}",
        password in "[^\\pC]{1,30}",
    ) {
        let old = Netrc::parse(before);
        let Ok(new) = old.with(HOST, &entry(&login, &password)) else { return Ok(()) };
        for machine in old.machines.iter().filter_map(|machine| machine.name.as_deref()) {
            let kept = |netrc: &Netrc| netrc.entry(machine).map(|entry| (entry.login, entry.password.expose_secret().to_owned()));
            prop_assert_eq!(kept(&old), kept(&new));
        }
        let read = new.entry(HOST).unwrap();
        prop_assert_eq!(read.login, login);
        prop_assert_eq!(read.password.expose_secret(), &password);
    }
}
