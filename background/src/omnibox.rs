//! Links and hashes in the address bar, after the keyword.

use fluence::command::given_key;
use fluence::failure::{About, Failure, Reason};
use fluence::names::{Link, MAX_LINK};
use web::extension::pages::open_at;
use web::extension::runtime::url_of;
use web::extension::{omnibox, storage};
use web::js::warn_on_error;
use web::time;
use words::Extension;

/// Says what the keyword is for.
pub fn began() {
    omnibox::suggest(words::worker::omnibox());
}

/// Says what would be looked at, or what is wrong with what was typed.
pub fn typed(text: &str) {
    omnibox::suggest(&suggestion(text));
}

fn suggestion(text: &str) -> String {
    match text.parse::<Link>() {
        Ok(link) if link.key.is_some() => words::worker::would_fetch_private(&link.to_string()),
        Ok(link) => words::worker::would_fetch(&link.to_string()),
        Err(why) => {
            let failure = Failure::from(&why);
            if failure.reason == Some(Reason::Empty) {
                return words::worker::omnibox().to_owned();
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
}
