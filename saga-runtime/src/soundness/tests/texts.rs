//! Every rule, minimal: the mistake with its text, and the near miss that passes.
