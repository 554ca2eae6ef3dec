//! The settings as a file that a person keeps, or gives to another browser: JSON with the version of its format,
//! `{"fluence_settings": 1, "settings": {…}, "theme": "dark"}`. It has no keys and no identity, because the settings have
//! none.

use serde_json::{Value, json};

use crate::failure::{Code, Failure, Reason};
use crate::state::Settings;

/// The name of the file.
pub const NAME: &str = "fluence-share-settings.json";
/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 64 * 1024;
/// The member by which the file is known, and the version of the format.
const FORMAT: &str = "fluence_settings";
const VERSION: u64 = 1;

/// Writes the settings, and the theme of the face.
pub fn write(settings: &Settings, theme: &str) -> String {
    let file = json!({ FORMAT: VERSION, "settings": settings, "theme": theme });
    // Text keys and plain values can always be written.
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

/// Reads the settings and the theme from a file. A setting that it lacks has its default; members that are not known are
/// ignored.
///
/// # Errors
/// [`Code::BadSettingsFile`] if it is not such a file, or a setting in it cannot be read (`name`), and
/// [`Code::BadSetting`] if one has a value that it cannot have.
pub fn read(file: &str) -> Result<(Settings, Option<String>), Failure> {
    let bad = |reason| Failure::new(Code::BadSettingsFile).reason(reason);
    if file.len() > MAX_FILE {
        return Err(bad(Reason::TooLong));
    }
    let file: Value = serde_json::from_str(file).map_err(|_| bad(Reason::Malformed))?;
    match file.get(FORMAT).and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(bad(Reason::NewerVersion)),
        _ => return Err(bad(Reason::Malformed)),
    }
    let written = file.get("settings").ok_or(bad(Reason::Malformed))?;
    let (settings, lost) = Settings::salvage(written);
    if let Some(name) = lost.first() {
        return Err(bad(Reason::BadValue).name(name));
    }
    if let Some((_, failure)) = settings.check().into_iter().next() {
        return Err(failure);
    }
    let theme = file.get("theme").and_then(Value::as_str);
    Ok((settings, theme.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::OwnIpfs;

    #[test]
    fn what_is_written_is_read() {
        let settings = Settings {
            nodes: vec!["/dns4/a.example/tcp/443/tls/ws".into()],
            max_room: Some(7),
            private: true,
            own_ipfs: Some(OwnIpfs {
                rpc: "http://127.0.0.1:5001".into(),
                gateway: "https://ipfs.example".into(),
            }),
            ..Settings::default()
        };
        let file = write(&settings, "dark");
        assert_eq!(read(&file), Ok((settings, Some("dark".to_owned()))));
    }

    #[test]
    fn a_bad_file_is_named_for_what_it_is() {
        let nodes =
            |nodes: &str| format!(r#"{{"fluence_settings":1,"settings":{{"nodes":{nodes}}}}}"#);
        for (file, code, reason, name) in [
            ("", Code::BadSettingsFile, Reason::Malformed, None),
            ("[]", Code::BadSettingsFile, Reason::Malformed, None),
            (
                r#"{"settings":{}}"#,
                Code::BadSettingsFile,
                Reason::Malformed,
                None,
            ),
            (
                r#"{"fluence_settings":1}"#,
                Code::BadSettingsFile,
                Reason::Malformed,
                None,
            ),
            (
                r#"{"fluence_settings":1,"settings":7}"#,
                Code::BadSettingsFile,
                Reason::BadValue,
                Some("settings"),
            ),
            (
                r#"{"fluence_settings":2,"settings":{}}"#,
                Code::BadSettingsFile,
                Reason::NewerVersion,
                None,
            ),
            (
                &nodes("7"),
                Code::BadSettingsFile,
                Reason::BadValue,
                Some("nodes"),
            ),
            (
                &nodes(r#"["x"]"#),
                Code::BadSetting,
                Reason::BadNodeAddress,
                Some("x"),
            ),
            (
                &" ".repeat(MAX_FILE + 1),
                Code::BadSettingsFile,
                Reason::TooLong,
                None,
            ),
        ] {
            let failure = read(file).unwrap_err();
            assert_eq!(
                (failure.code, failure.reason, failure.name.as_deref()),
                (code, Some(reason), name),
                "{}",
                file.trim()
            );
        }
    }

    #[test]
    fn a_newer_member_is_ignored() {
        let file = r#"{"fluence_settings":1,"settings":{"private":true,"flies":1},"colour":"red"}"#;
        let (settings, theme) = read(file).unwrap();
        assert!(settings.private && theme.is_none());
    }
}
