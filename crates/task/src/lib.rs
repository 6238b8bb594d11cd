//! What a kind of task is: prompt out, answer in.
