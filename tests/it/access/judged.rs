//! The view, judged by the clusters' own authorizers.
