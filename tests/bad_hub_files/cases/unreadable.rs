//! Files that are no hub file at all.

use super::{Case, bomb, case, made, made_whole, whole};

pub(crate) const CASES: &[Case] = &[
    whole("empty", "", "empty", "the file is empty"),
    whole("only white space", " \n\n", "empty", "frazil init"),
    whole("only a comment", "# nothing yet\n", "empty", "frazil init"),
    whole("null", "null\n", "empty", "frazil init"),
    case("a list", "- name: lab\n", (1, 1), "wrong-type", "a mapping of keys and values"),
    case("a word", "hello\n", (1, 1), "wrong-type", "a mapping of keys and values"),
    case("not YAML", "name: lab\nprovider: {local: \n", (2, 11), "syntax", "missing quote, bracket or colon"),
    case("an open quote", "name: \"lab\nprovider: local\n", (2, 1), "syntax", "not YAML"),
    case("tabs", "name: lab\nprovider:\n\tlocal: {}\n", (3, 2), "syntax", "use spaces"),
    made("bomb", bomb, (5, 10), "too-many-values", "write out less"),
    made(
        "deep nesting",
        || format!("name: {}{}", "[".repeat(200), "]".repeat(200)).into_bytes(),
        (1, 70),
        "too-deep",
        "brackets",
    ),
    case("an alias to nothing", "name: *lab\n", (1, 7), "syntax", "not YAML"),
    case(
        "two documents",
        "name: lab\nprovider: local\n---\nname: other\n",
        (3, 1),
        "several-documents",
        "a file of its own",
    ),
    case("a key twice", "name: lab\nprovider: local\nname: other\n", (3, 1), "duplicate-key", "first here"),
    case(
        "a key twice below",
        "name: lab\nprovider: local\nsizes:\n  - name: a\n    memory: 1 GiB\n    memory: 2 GiB\n",
        (6, 5),
        "duplicate-key",
        "keep one",
    ),
    made_whole("10 MB", || vec![b'#'; 10_000_000], "too-long", "at most 1 MiB"),
    made_whole("not UTF-8", || b"name: lab\nprovider: \xff\xfe\n".to_vec(), "not-text", "line 2"),
    made_whole("UTF-16", || b"n\0a\0m\0e\0:\0 \0\xff\xd8".to_vec(), "not-text", "UTF-8"),
    case("a null byte", "name: l\0ab\nprovider: local\n", (1, 8), "syntax", "not YAML"),
    case("a mapping as key", "{a: b}: c\nname: lab\n", (1, 1), "syntax", "single word"),
];
