//! Elements of lists: which keys they have. What the keys mean is known where the list is read.

/// Declares the keys of an element. A key that is not declared is refused when the element is read.
macro_rules! element {
    ($(#[$meta:meta])* $name:ident { $($key:ident),+ $(,)? }) => {
        $(#[$meta])*
        pub(super) struct $name {
            $(pub(super) $key: $crate::config::reader::Entry,)+
        }

        impl $name {
            /// Every key that may stand in the element.
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            /// Reads the element; `prefix` stands before its keys in errors.
            pub(super) fn read(
                node: Option<$crate::config::document::Node>,
                prefix: &str,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Self {
                let mut fields = reader.fields(node.into_iter().collect(), prefix, Self::KEYS);
                Self { $($key: fields.entry(stringify!($key)),)+ }
            }
        }
    };
}

pub(super) use element;
