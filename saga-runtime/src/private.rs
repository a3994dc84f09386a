//! What generated code names and nobody else should. No stability promised.
