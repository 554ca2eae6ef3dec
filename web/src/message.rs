//! Deserialization of the worker's messages, from JavaScript objects to types.
//!
//! `serde_wasm_bindgen` could do it, but it describes what it does not understand, and those
//! descriptions (of what was expected of each member of each event) would be a large part of a
//! program that people download. Here a message is either understood or not: if it is not, the
//! worker is of another version, and nobody needs to know more.

use std::fmt;

use js_sys::{Array, Object};
use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use wasm_bindgen::{JsCast, JsValue};

/// The error of a message that is not understood.
#[derive(Debug)]
pub struct Strange;

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message that is not understood")
    }
}

impl std::error::Error for Strange {}

/// All of these methods are implemented, because their defaults would format a text.
impl Error for Strange {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }
    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }
    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn missing_field(_: &'static str) -> Self {
        Self
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

/// Reads a message.
///
/// # Errors
/// Fails with [`Strange`] if the message is not a `T`.
pub fn read<T: for<'de> Deserialize<'de>>(message: JsValue) -> Result<T, Strange> {
    T::deserialize(Plain(message))
}

/// A JavaScript value of the kinds that JSON has: null, booleans, numbers, strings, arrays and
/// objects.
struct Plain(JsValue);

impl<'de> Deserializer<'de> for Plain {
    type Error = Strange;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Strange> {
        let value = self.0;
        if value.is_null() || value.is_undefined() {
            visitor.visit_unit()
        } else if let Some(truth) = value.as_bool() {
            visitor.visit_bool(truth)
        } else if let Some(number) = value.as_f64() {
            if js_sys::Number::is_safe_integer(&value) {
                visitor.visit_i64(number as i64)
            } else {
                visitor.visit_f64(number)
            }
        } else if let Some(text) = value.as_string() {
            visitor.visit_string(text)
        } else if let Some(list) = value.dyn_ref::<Array>() {
            visitor.visit_seq(SeqDeserializer::new(list.iter().map(Plain)))
        } else if let Some(object) = value.dyn_ref::<Object>() {
            let entries = Object::entries(object);
            let entries = entries.iter().map(|entry| {
                let entry: Array = entry.unchecked_into();
                (Plain(entry.get(0)), Plain(entry.get(1)))
            });
            visitor.visit_map(MapDeserializer::new(entries))
        } else {
            Err(Strange)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Strange> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    /// Reads a string: all enums in messages are plain names.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Strange> {
        let word = self.0.as_string().ok_or(Strange)?;
        visitor.visit_enum(word.into_deserializer())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Strange> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Strange> for Plain {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}
