// Which keys a query sees. The including kernel's Params has keys, causal (1: query i sees key j when
// j <= i + query_offset) and query_offset.

// How many keys query i sees: those before this number.
fn visible_keys(query: u32) -> u32 {
  return select(params.keys, min(params.keys, query + params.query_offset + 1u), params.causal != 0u);
}

// The first query that sees a key.
fn first_query(key: u32) -> u32 {
  return select(0u, key - min(key, params.query_offset), params.causal != 0u);
}
