//! One text from several: the best of them, or a new one voted word by word.
