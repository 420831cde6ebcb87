-- XML as JSON: what is read so far is a stack of open elements, each with the names and the JSON texts of what it holds.
-- The lowest is the document. A text that is not well-formed leaves no stack.
CREATE OR REPLACE MACRO kql_xml_tokens(x) AS
  regexp_extract_all(x, '(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE[^<>\[\]]*(?:\[[^\]]*\][^<>]*)?>|</[\pL_:][\pL\pN\pM_:.-]*\s*>|<[\pL_:][\pL\pN\pM_:.-]*(?:\s+[\pL_:][\pL\pN\pM_:.-]*\s*=\s*(?:"[^<"]*"|''[^<'']*''))*\s*/?>|[^<]+');
-- Half characters and most of those below the blank are no characters of XML.
CREATE OR REPLACE MACRO kql_xml_character(reference) AS
  CASE lower(reference) WHEN 'lt' THEN '<' WHEN 'gt' THEN '>' WHEN 'amp' THEN '&' WHEN 'quot' THEN '"' WHEN 'apos' THEN ''''
       ELSE list_transform([CASE WHEN regexp_full_match(reference, '#[0-9]{1,7}') THEN CAST(reference[2:] AS INTEGER)
                                 WHEN regexp_full_match(reference, '#x[0-9a-fA-F]{1,6}') THEN CAST('0x' || reference[3:] AS INTEGER) END], lambda point:
         CASE WHEN point IN (9, 10, 13) OR point BETWEEN 32 AND 55295 OR point BETWEEN 57344 AND 65533 OR point BETWEEN 65536 AND 1114111 THEN chr(point) END)[1] END;
CREATE OR REPLACE MACRO kql_xml_text(t) AS
  CASE WHEN NOT contains(t, '&') THEN t
       ELSE list_transform([string_split(t, '&')], lambda pieces: list_reduce(pieces, lambda done, piece:
         done || kql_xml_character(nullif(split_part(piece, ';', 1), piece)) || substring(piece, length(split_part(piece, ';', 1)) + 2)))[1] END;
CREATE OR REPLACE MACRO kql_xml_quoted(t) AS CASE WHEN t IS NOT NULL THEN CAST(to_json(t) AS VARCHAR) END;
CREATE OR REPLACE MACRO kql_xml_value(t) AS
  CASE WHEN regexp_full_match(t, '-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?') THEN t ELSE kql_xml_quoted(t) END;
CREATE OR REPLACE MACRO kql_xml_element(e) AS
  CASE WHEN len(e.keys) = 0 THEN 'null'
       WHEN e.keys = ['#text'] THEN e.vals[1]
       ELSE '{' || array_to_string(list_transform(list_filter(e.keys, lambda key, i: list_position(e.keys, key) = i), lambda key:
         CAST(to_json(key) AS VARCHAR) || ':' || list_transform([list_filter(e.vals, lambda v, i: e.keys[i] = key)], lambda all_of:
           CASE WHEN len(all_of) = 1 THEN all_of[1] ELSE '[' || array_to_string(all_of, ',') || ']' END)[1]), ',') || '}' END;
CREATE OR REPLACE MACRO kql_xml_with(stack, key, val) AS
  list_append(stack[:-2], struct_pack(called := stack[-1].called, keys := list_append(stack[-1].keys, key), vals := list_append(stack[-1].vals, val)));
CREATE OR REPLACE MACRO kql_xml_opened(t) AS
  list_transform([regexp_extract_all(t, '\s[\pL_:][\pL\pN\pM_:.-]*\s*=\s*(?:"[^<"]*"|''[^<'']*'')')], lambda attributes: struct_pack(
    called := regexp_extract(t, '^<([^\s<>/]+)', 1),
    keys := list_transform(attributes, lambda a: '@' || regexp_extract(a, '^\s([^\s=]+)', 1)),
    vals := list_transform(attributes, lambda a: kql_xml_quoted(kql_xml_text(regexp_extract(a, '(?s)^\s[^\s=]+\s*=\s*.(.*).$', 1))))))[1];
CREATE OR REPLACE MACRO kql_xml_step(stack, t) AS
  CASE WHEN stack IS NULL OR starts_with(t, '<!--') OR starts_with(t, '<?') OR starts_with(t, '<!DOCTYPE') THEN stack
       WHEN starts_with(t, '<![CDATA[') THEN CASE WHEN len(stack) > 1 THEN kql_xml_with(stack, '#text', CAST(to_json(t[10:-4]) AS VARCHAR)) END
       WHEN starts_with(t, '</') THEN CASE WHEN len(stack) > 1 AND stack[-1].called = regexp_extract(t, '^</([^\s>]+)', 1)
         THEN kql_xml_with(stack[:-2], stack[-1].called, kql_xml_element(stack[-1])) END
       WHEN starts_with(t, '<') THEN list_transform([kql_xml_opened(t)], lambda e:
         CASE WHEN len(list_distinct(e.keys)) < len(e.keys) OR len(list_filter(e.vals, lambda v: v IS NULL)) > 0 OR len(stack) = 1 AND len(stack[1].keys) > 0 THEN NULL
              WHEN ends_with(t, '/>') THEN kql_xml_with(stack, e.called, kql_xml_element(e)) ELSE list_append(stack, e) END)[1]
       WHEN regexp_full_match(t, '\s*') THEN stack
       WHEN len(stack) > 1 AND kql_xml_text(t) IS NOT NULL THEN kql_xml_with(stack, '#text', kql_xml_value(kql_xml_text(regexp_extract(t, '(?s)^\s*(.*\S)', 1)))) END;
-- The bound is on work: each token copies what is open. Longer than 1 MB there is no answer, as the service has it.
CREATE OR REPLACE MACRO kql_xml(x) AS
  CASE WHEN octet_length(encode(x)) <= 1048576 THEN list_transform([kql_xml_tokens(x)], lambda tokens:
    CASE WHEN list_sum(list_transform(tokens, lambda t: length(t))) = length(x)
         THEN list_transform([list_reduce(
           list_prepend(struct_pack(t := '', stack := [struct_pack(called := '', keys := CAST([] AS VARCHAR[]), vals := CAST([] AS VARCHAR[]))]),
             list_transform(tokens, lambda t: struct_pack(t := t, stack := NULL))),
           lambda before, here: struct_pack(t := here.t, stack := kql_xml_step(before.stack, here.t))).stack], lambda stack:
             CASE WHEN len(stack) = 1 AND len(stack[1].keys) = 1 THEN CAST(kql_xml_element(stack[1]) AS JSON) END)[1] END)[1] END;
