-- make_list opens arrays by one level; anything else is one element.
CREATE OR REPLACE MACRO kql_opened(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN kql_list(j) ELSE [j] END;
CREATE OR REPLACE MACRO kql_distinct(l) AS list_filter(list_distinct(l), lambda e: e IS NOT NULL);
-- Of two members with one name the first stays.
CREATE OR REPLACE MACRO kql_first_of(entries) AS
  list_transform([{n: list_transform(entries, lambda e: e.k), e: entries}], lambda g:
    list_filter(g.e, lambda e, i: list_position(g.n, e.k) = i))[1];
CREATE OR REPLACE MACRO kql_members(bags) AS
  kql_first_of(flatten(list_transform(list_filter(bags, lambda b: json_type(b) = 'OBJECT'),
    lambda b: list_transform(json_keys(b), lambda k: struct_pack(k := k, v := json_extract(b, kql_pointer(k)))))));
CREATE OR REPLACE MACRO kql_bag_of(members) AS
  list_transform([members], lambda m: coalesce(kql_bag(list_transform(m, lambda e: e.k), list_transform(m, lambda e: e.v)), CAST('{}' AS JSON)))[1];
CREATE OR REPLACE MACRO kql_merged(bags) AS kql_bag_of(kql_members(bags));
CREATE OR REPLACE MACRO kql_kind_of(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'DOUBLE' THEN 'double'
    WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' ELSE 'null' END;
-- The shape of documents: an object for bags, `indexer` for arrays, the names of types for the rest; three levels deep.
-- An entry is a property (o = 0), an element (o = 1) or a plain value (o = 2, its type's name as k).
CREATE OR REPLACE MACRO kql_schema_entries(docs) AS
  flatten(list_transform(list_filter(docs, lambda j: json_type(j) <> 'NULL'), lambda j: CASE json_type(j)
    WHEN 'OBJECT' THEN list_transform(json_keys(j), lambda k: struct_pack(o := 0, k := k, v := json_extract(j, '$."' || k || '"')))
    WHEN 'ARRAY' THEN list_transform(from_json(j, '["JSON"]'), lambda v: struct_pack(o := 1, k := '`indexer`', v := v))
    ELSE [struct_pack(o := 2, k := kql_kind_of(j), v := j)] END));
CREATE OR REPLACE MACRO kql_schema_groups(entries) AS list_sort(list_distinct(list_transform(entries, lambda e: struct_pack(o := e.o, k := e.k))));
CREATE OR REPLACE MACRO kql_schema_objects(made, kind) AS
  list_transform([list_filter(made, lambda e: e.o = kind)], lambda l:
    CASE WHEN len(l) > 0 THEN [to_json(map(list_transform(l, lambda e: e.k), list_transform(l, lambda e: e.s)))] ELSE [] END)[1];
CREATE OR REPLACE MACRO kql_schema_made(made) AS
  list_transform([made], lambda h:
    list_transform([list_concat(kql_schema_objects(h, 0), kql_schema_objects(h, 1), list_transform(list_filter(h, lambda e: e.o = 2), lambda e: e.s))],
      lambda l: CASE len(l) WHEN 1 THEN l[1] ELSE to_json(l) END)[1])[1];
CREATE OR REPLACE MACRO kql_schema0(docs) AS
  list_transform([list_sort(list_distinct(list_filter(list_transform(docs, lambda j: kql_kind_of(j)), lambda t: t <> 'null')))],
    lambda l: CASE len(l) WHEN 1 THEN to_json(l[1]) ELSE to_json(l) END)[1];
CREATE OR REPLACE MACRO kql_schema1(docs) AS
  list_transform([kql_schema_entries(docs)], lambda a1:
    kql_schema_made(list_transform(kql_schema_groups(a1), lambda g1: struct_pack(o := g1.o, k := g1.k, s :=
      CASE WHEN g1.o = 2 THEN to_json(g1.k)
           ELSE kql_schema0(list_transform(list_filter(a1, lambda e1: e1.o = g1.o AND e1.k = g1.k), lambda m1: m1.v)) END))))[1];
CREATE OR REPLACE MACRO kql_schema2(docs) AS
  list_transform([kql_schema_entries(docs)], lambda a2:
    kql_schema_made(list_transform(kql_schema_groups(a2), lambda g2: struct_pack(o := g2.o, k := g2.k, s :=
      CASE WHEN g2.o = 2 THEN to_json(g2.k)
           ELSE kql_schema1(list_transform(list_filter(a2, lambda e2: e2.o = g2.o AND e2.k = g2.k), lambda m2: m2.v)) END))))[1];
CREATE OR REPLACE MACRO kql_schema3(docs) AS
  list_transform([kql_schema_entries(docs)], lambda a3:
    kql_schema_made(list_transform(kql_schema_groups(a3), lambda g3: struct_pack(o := g3.o, k := g3.k, s :=
      CASE WHEN g3.o = 2 THEN to_json(g3.k)
           ELSE kql_schema2(list_transform(list_filter(a3, lambda e3: e3.o = g3.o AND e3.k = g3.k), lambda m3: m3.v)) END))))[1];
CREATE OR REPLACE MACRO kql_schema(docs) AS kql_schema3(docs);
-- The first value whose weight, summed up over the values in order, reaches the share of the whole; for each percentage.
CREATE OR REPLACE MACRO kql_weights(pairs) AS list_sort(list_filter(pairs, lambda q: q.v IS NOT NULL AND q.w > 0));
CREATE OR REPLACE MACRO kql_weighted_all(pairs, ps) AS
  list_transform([struct_pack(s := kql_weights(pairs), p := ps)], lambda h:
  list_transform([list_sum(list_transform(h.s, lambda q: q.w))], lambda t:
    list_transform(h.p, lambda p: list_reduce(CASE WHEN len(h.s) > 0 THEN h.s END, lambda a, b: CASE WHEN a.w >= t * p / 100.0 THEN a ELSE struct_pack(v := b.v, w := a.w + b.w) END).v))[1])[1];
CREATE OR REPLACE MACRO kql_weighted(pairs, p) AS kql_weighted_all(pairs, [p])[1];
-- A sketch of values: [value, weight] pairs in JSON.
CREATE OR REPLACE MACRO kql_pairs(j) AS from_json(j, '[["DOUBLE"]]');
CREATE OR REPLACE MACRO kql_weighed(j) AS list_transform(kql_pairs(j), lambda q: struct_pack(v := q[1], w := q[2]));
CREATE OR REPLACE MACRO kql_rank(j, x) AS
  list_transform([struct_pack(q := kql_pairs(j), x := x)], lambda h:
    CAST(coalesce(list_sum(list_transform(h.q, lambda q: CASE WHEN q[1] <= h.x THEN q[2] ELSE 0 END)), 0) AS DOUBLE))[1];
