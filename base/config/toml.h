#pragma once

// toml++, for those who read what may be no TOML: header-only and without exceptions, so that a
// syntax error is a value, not a throw. Assertions of version 3.3 do not hold for every text
// (`[.a]`), and with NDEBUG clang is told that they do, which is undefined behaviour. The lines
// below each of them answer such a text well, so that here they say nothing.

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
