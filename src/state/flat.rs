//! Enums as flat objects: a word, and beside it the values that belong to it. That form is short, a value keeps its name
//! in each variant, and whatever reads JSON can read it.

use super::Unreadable;

/// The value of a variant in its slot of the flat object: a value that always belongs to the variant, or one that may be
/// missing.
pub(crate) trait Slot<T>: Sized {
    /// What is written.
    fn put(self) -> Option<T>;
    /// What was written.
    fn take(slot: Option<T>) -> Result<Self, Unreadable>;
}

impl<T> Slot<T> for T {
    fn put(self) -> Option<T> {
        Some(self)
    }

    fn take(slot: Option<T>) -> Result<Self, Unreadable> {
        slot.ok_or(Unreadable)
    }
}

impl<T> Slot<T> for Option<T> {
    fn put(self) -> Option<T> {
        self
    }

    fn take(slot: Option<T>) -> Result<Self, Unreadable> {
        Ok(slot)
    }
}

/// Declares how an enum is written as a flat struct and read from it, given the word of each variant and the slots of its
/// values (`value` or `value as slot`). A variant or a value without its line does not compile.
macro_rules! flat {
    (
        $enum:ident as $flat:ident { $tag:ident }:
        $($variant:ident $({ $($value:ident $(as $slot:ident)?),* })? = $word:literal,)*
    ) => {
        impl From<$enum> for $flat {
            fn from(value: $enum) -> Self {
                let mut flat = Self {
                    $tag: value.word().into(),
                    ..Self::default()
                };
                match value {
                    $($enum::$variant $({ $($value),* })? => {
                        $($(flat!(@slot flat, $value $(, $slot)?) = Slot::put($value);)*)?
                    })*
                }
                flat
            }
        }

        impl $enum {
            /// The word of the variant on the wire.
            fn word(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $word,)*
                }
            }

            fn read(flat: $flat) -> Result<Self, Unreadable> {
                Ok(match &*flat.$tag {
                    $($word => Self::$variant $({
                        $($value: Slot::take(flat!(@slot flat, $value $(, $slot)?))?),*
                    })?,)*
                    _ => return Err(Unreadable),
                })
            }
        }
    };
    (@slot $flat:ident, $value:ident) => { $flat.$value };
    (@slot $flat:ident, $value:ident, $slot:ident) => { $flat.$slot };
}

pub(crate) use flat;
