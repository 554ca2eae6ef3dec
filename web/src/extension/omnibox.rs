//! The address bar, after the extension's keyword.

use wasm_bindgen::prelude::*;

use crate::browser::marks_up_suggestions;
use crate::js::{message_of, object, warn_on_error};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["api", "omnibox"], js_name = setDefaultSuggestion, catch)]
    fn set_default_suggestion(suggestion: &JsValue) -> Result<JsValue, JsValue>;
}

/// Says what will happen when the person presses Enter.
pub fn suggest(words: &str) {
    let words = if marks_up_suggestions() {
        escaped(words)
    } else {
        words.to_owned()
    };
    let set = set_default_suggestion(&object([("description", words.into())]));
    let set = set.map_err(|why| message_of(&why));
    warn_on_error("the suggestion was not set", set);
}

/// A text as XML. A browser that finds anything else shows nothing.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            // XML has no other control characters.
            control if control.is_control() => xml.push(' '),
            other => xml.push(other),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_an_element() {
        assert_eq!(
            escaped("<url>\u{0}a & 'b' \"c\"</url>"),
            "&lt;url&gt; a &amp; &apos;b&apos; &quot;c&quot;&lt;/url&gt;"
        );
        assert_eq!(escaped("“bafy”"), "“bafy”");
    }
}
