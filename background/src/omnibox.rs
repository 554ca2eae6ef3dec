//! Links and hashes in the address bar, after the keyword.

use fluence::command::given_key;
use fluence::failure::{About, Failure, Reason};
use fluence::names::{Link, MAX_LINK};
use web::browser::keeps_typed;
use web::extension::pages::open_at;
use web::extension::runtime::url_of;
use web::extension::{omnibox, storage};
use web::js::warn_on_error;
use web::time;
use words::Extension;

/// Says what the keyword is for.
pub fn began() {
    omnibox::suggest(&suggestion("", keeps_typed()));
}

/// Says what would be looked at, or what is wrong with what was typed.
pub fn typed(text: &str) {
    omnibox::suggest(&suggestion(text, keeps_typed()));
}

/// What is said of what was typed, in a browser that writes that down or not.
fn suggestion(text: &str, keeps_typed: bool) -> String {
    // It is kept even if it is not entered, so this is said first.
    let kept = match keeps_typed {
        true => words::worker::omnibox_kept(),
        false => "",
    };
    match text.parse::<Link>() {
        Ok(link) if link.key.is_some() => {
            words::join(kept, &words::worker::would_fetch_private(&link.to_string()))
        }
        Ok(link) => words::worker::would_fetch(&link.to_string()),
        Err(why) => {
            let failure = Failure::from(&why);
            if failure.reason == Some(Reason::Empty) {
                return words::join(words::worker::omnibox(), kept);
            }
            let words = words::failure::<Extension>(&failure, About::Fetch);
            words::join(&words.what, &words.advice)
        }
    }
}

/// Opens the page that shows what is at the link that was typed, for the person to fetch it.
pub async fn entered(text: &str, place: &str) {
    // One letter more, so that the page says that it is too long.
    let text: String = text.chars().take(MAX_LINK + 1).collect();
    let id = format!("{:032x}", time::random());
    let left = storage::keep_for_session(&given_key(&id), text.into()).await;
    warn_on_error("what was typed is not shown", left);
    let page = format!("popup.html?view=tab&typed={id}");
    warn_on_error(
        "the page does not open",
        open_at(&url_of(&page), place).await,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_would_be_fetched_or_what_is_wrong() {
        let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        let suggestion = |text: &str| suggestion(text, false);
        let said = suggestion(&format!(" fluence:{cid} "));
        assert!(said.contains(cid), "{said}");
        assert_eq!(suggestion(&format!("web+fluence:{cid}")), said);
        assert_eq!(suggestion("  "), words::worker::omnibox());
        let wrong = suggestion("<b>holiday.jpg</b>");
        assert!(
            !wrong.is_empty() && wrong != words::worker::omnibox(),
            "{wrong}"
        );
        assert_ne!(suggestion(&"x".repeat(MAX_LINK + 1)), wrong);
    }

    #[test]
    fn what_a_browser_keeps_of_what_is_typed_is_said_before_a_key_is_typed() {
        let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        let key = "gyAdHKhtSvCdPcQkqv5dkA";
        let kept = words::worker::omnibox_kept();
        for (keeps, link, says) in [
            (true, format!("fluence:{cid}#{key}"), true),
            (false, format!("fluence:{cid}#{key}"), false),
            (true, format!("fluence:{cid}"), false),
            (true, " ".to_owned(), true),
        ] {
            let said = suggestion(&link, keeps);
            assert_eq!(said.contains(kept), says, "{said}");
            assert_eq!(said.contains(cid), link.contains(cid), "{said}");
            assert!(!said.contains(&key[..6]), "{said}");
        }
    }
}
