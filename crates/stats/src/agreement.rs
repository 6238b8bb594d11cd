//! How far annotators agree, beyond what chance would give.
