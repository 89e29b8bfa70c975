//! Enumerations whose variants have a word for the outside, as metrics, the ledger and the API show them.

/// An enumeration that can be iterated and printed. Declared with `named_variants!`.
pub trait Variants: Copy + 'static {
    /// All variants, in order of declaration.
    const ALL: &'static [Self];

    /// Place of the variant in [`ALL`](Self::ALL).
    fn index(self) -> usize;
}

/// Declares an enumeration and the word for each variant: `Variant = "word";`. The documentation of a variant is also
/// what `describe` says of it.
macro_rules! named_variants {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal;)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            /// All variants, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Number of variants.
            pub const COUNT: usize = Self::ALL.len();

            /// The word for the variant in metrics, the ledger and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What the variant means, in a sentence: its documentation.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }

        impl $crate::base::variants::Variants for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

pub(crate) use named_variants;
