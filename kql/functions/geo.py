"""Places on earth: points as longitude and latitude in degrees, lines and polygons as GeoJSON, cells as geohashes.

The earth is a sphere of 6,371,010 m and edges are arcs of great circles, as in the library that Kusto uses. Distances are
meters, angles radians clockwise. A place that is not on earth, and a shape that is not valid, give null.
"""

from __future__ import annotations

from collections.abc import Sequence

from kql.functions.row import Function, scalar

_LINE = '{"type": "LineString", "coordinates": [[0, 0], [1, 0]]}'
_RING = '{"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}'


def _row(signature: str, sql: str, doc: str, *examples: str) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom")


def _given(values: str, body: str) -> str:
    """SQL over values that it names as fields of g, each worked out once."""
    return f"list_transform([struct_pack({values})], lambda g: {body})[1]"


def _no_spheroid(constants: Sequence[object]) -> str:
    return "" if len(constants) < 5 or constants[4] in (False, 0, None) else "only the sphere is computed here, not the spheroid"


def _d(*names: str) -> str:
    return ", ".join(f"CAST({{{name}}} AS DOUBLE)" for name in names)


_TWO = ("p1_longitude", "p1_latitude", "p2_longitude", "p2_latitude")
_P = "p := kql_geo_vector(CAST({longitude} AS DOUBLE), CAST({latitude} AS DOUBLE))"
_POINT = "longitude:Number, latitude:Number"

ROWS = (
    scalar(
        ("geo_distance_2points(p1_longitude:Number, p1_latitude:Number, p2_longitude:Number, p2_latitude:Number, use_spheroid:NumberOrBool? <Constant>)"
         " -> real", f"kql_geo_distance({_d(*_TWO)})"),
        doc="The distance between two points, in meters.", check=_no_spheroid, nulls="custom",
        examples=("round(geo_distance_2points(0, 0, 0, 90)) == round(6371010 * pi() / 2)", "isnull(geo_distance_2points(0, 0, 0, 91))"),
    ),
    _row("geo_point_in_circle(p_longitude:Number, p_latitude:Number, pc_longitude:Number, pc_latitude:Number, c_radius:Number) -> bool",
         f"CASE WHEN {{c_radius}} >= 0 THEN kql_geo_distance({_d('p_longitude', 'p_latitude', 'pc_longitude', 'pc_latitude')}) <= {{c_radius}} END",
         "Whether a point lies within so many meters of another.", "geo_point_in_circle(0, 0, 0, 0.001, 200)"),
    _row("geo_azimuth(p1_longitude:Number, p1_latitude:Number, p2_longitude:Number, p2_latitude:Number) -> real", f"kql_geo_azimuth({_d(*_TWO)})",
         "The direction of a second point from a first one, clockwise from north, in radians.", "geo_azimuth(0, 0, 1, 0) == pi() / 2"),
    _row("geo_angle(p1_longitude:Number, p1_latitude:Number, p2_longitude:Number, p2_latitude:Number, p3_longitude:Number, p3_latitude:Number) -> real",
         f"kql_geo_angle(kql_geo_vector({_d(*_TWO[:2])}), kql_geo_vector({_d(*_TWO[2:])}), kql_geo_vector({_d('p3_longitude', 'p3_latitude')}))",
         "The angle at the second of three points, in radians.", "round(geo_angle(1, 0, 0, 0, 0, 1), 9) == round(pi() / 2, 9)"),
    scalar((f"geo_point_to_geohash({_POINT}, accuracy:Number) -> string", f"kql_geo_hashed({_d('longitude', 'latitude')}, TRY_CAST({{accuracy}} AS BIGINT))"),
           (f"geo_point_to_geohash({_POINT}) -> string", f"kql_geo_hashed({_d('longitude', 'latitude')}, 5)"),
           doc="The geohash of a point, of 1 to 18 letters (5 unless told); empty for what is none.", nulls="custom",
           examples=("geo_point_to_geohash(42.4731445, 23.7084961, 5) == 'sunny'", "geo_point_to_geohash(0, 91) == ''")),
    _row("geo_geohash_to_central_point(geohash:string) -> dynamic", "kql_geohash_center({geohash})", "The middle of a geohash's cell as a GeoJSON point.",
         "geo_geohash_to_central_point('s').coordinates[0] == 22.5"),
    _row("geo_geohash_to_polygon(geohash:string) -> dynamic", "kql_geohash_polygon({geohash})", "A geohash's cell as a GeoJSON polygon.",
         "geo_geohash_to_polygon('s').coordinates[0][2][0] == 45"),
    _row("geo_geohash_neighbors(geohash:string) -> dynamic", "to_json(kql_geohash_neighbors({geohash}))", "The geohashes of the cells around a cell.",
         "array_length(geo_geohash_neighbors('sunny')) == 8"),
    _row("geo_line_length(lineString:dynamic) -> real", _given("l := kql_geo_lines({lineString})", "kql_geo_length(g.l)"),
         "The length of a line or of several, in meters.", f"geo_line_length(dynamic({_LINE})) == geo_distance_2points(0, 0, 1, 0)"),
    _row("geo_line_centroid(lineString:dynamic) -> dynamic", _given("l := kql_geo_lines({lineString})", "kql_geo_point(kql_geo_line_center(g.l))"),
         "The center of a line.", f"round(geo_line_centroid(dynamic({_LINE})).coordinates[0], 9) == 0.5"),
    _row("geo_line_interpolate_point(lineString:dynamic, fraction:Number) -> dynamic",
         _given("l := kql_geo_lines({lineString}), f := CAST({fraction} AS DOUBLE)", "kql_geo_point(kql_geo_interpolated(g.l, g.f))"),
         "The point at a fraction (0 to 1) of a line's length.", f"round(geo_line_interpolate_point(dynamic({_LINE}), 0.25).coordinates[0], 9) == 0.25"),
    _row(f"geo_line_locate_point(lineString:dynamic, {_POINT}, use_spheroid:NumberOrBool?) -> real",
         _given(f"l := kql_geo_lines({{lineString}}), {_P}", "kql_geo_located(g.p, g.l)"),
         "The fraction of a line's length at which it comes nearest to a point.", f"round(geo_line_locate_point(dynamic({_LINE}), 0.25, 1), 6) == 0.25"),
    _row(f"geo_distance_point_to_line({_POINT}, lineString:dynamic) -> real",
         _given(f"l := kql_geo_lines({{lineString}}), {_P}", "kql_geo_closest(g.p, g.l).d * 6371010"),
         "The distance of a point from a line, in meters.", f"round(geo_distance_point_to_line(0, 1, dynamic({_LINE})), 3) == round(geo_distance_2points(0, 0, 0, 1), 3)"),
    _row(f"geo_closest_point_on_line({_POINT}, lineString:dynamic) -> dynamic",
         _given(f"l := kql_geo_lines({{lineString}}), {_P}", "kql_geo_point(kql_geo_closest(g.p, g.l).q)"),
         "The point of a line that is nearest to a point.", f"round(geo_closest_point_on_line(0.5, 1, dynamic({_LINE})).coordinates[0], 9) == 0.5"),
    _row(f"geo_point_in_polygon({_POINT}, polygon:dynamic) -> bool", _given(f"r := kql_geo_rings({{polygon}}), {_P}", "kql_geo_inside(g.p, g.r)"),
         "Whether a point lies in a polygon or in one of several.", f"geo_point_in_polygon(1, 1, dynamic({_RING}))", f"not(geo_point_in_polygon(3, 1, dynamic({_RING})))"),
    _row(f"geo_distance_point_to_polygon({_POINT}, polygon:dynamic) -> real",
         _given(f"r := kql_geo_rings({{polygon}}), {_P}", "CASE WHEN kql_geo_inside(g.p, g.r) THEN 0.0::DOUBLE ELSE kql_geo_closest(g.p, g.r).d * 6371010 END"),
         "The distance of a point from a polygon, in meters; 0 within it.", f"geo_distance_point_to_polygon(1, 1, dynamic({_RING})) == 0"),
    _row(f"geo_closest_point_on_polygon({_POINT}, polygon:dynamic) -> dynamic",
         _given(f"r := kql_geo_rings({{polygon}}), {_P}", "kql_geo_point(CASE WHEN kql_geo_inside(g.p, g.r) THEN g.p ELSE kql_geo_closest(g.p, g.r).q END)"),
         "The point of a polygon that is nearest to a point.", f"round(geo_closest_point_on_polygon(1, -1, dynamic({_RING})).coordinates[0], 9) == 1.0"),
    _row("geo_polygon_area(polygon:dynamic) -> real", _given("r := kql_geo_rings({polygon})", "kql_geo_area(g.r)"), "The area of a polygon or of several, in square meters.",
         f"geo_polygon_area(dynamic({_RING})) between (49e9 .. 50e9)"),
    _row("geo_polygon_perimeter(polygon:dynamic) -> real", _given("r := kql_geo_rings({polygon})", "kql_geo_length(g.r)"),
         "The length of a polygon's edges, in meters.", f"geo_polygon_perimeter(dynamic({_RING})) between (889000 .. 890000)"),
    _row("geo_polygon_centroid(polygon:dynamic) -> dynamic", _given("r := kql_geo_rings({polygon})", "kql_geo_point(kql_geo_center(g.r))"), "The center of a polygon's area.",
         f"round(geo_polygon_centroid(dynamic({_RING})).coordinates[0], 6) == 1.0"),
    _row("geo_intersects_2lines(lineString1:dynamic, lineString2:dynamic) -> bool",
         _given("a := kql_geo_lines({lineString1}), b := kql_geo_lines({lineString2})", "CASE WHEN g.a IS NOT NULL AND g.b IS NOT NULL THEN kql_geo_cross(g.a, g.b) END"),
         "Whether two lines meet.", f"geo_intersects_2lines(dynamic({_LINE}), dynamic({_LINE}))"),
    _row("geo_intersects_line_with_polygon(lineString:dynamic, polygon:dynamic) -> bool",
         _given("a := kql_geo_lines({lineString}), b := kql_geo_rings({polygon})",
                "CASE WHEN g.a IS NOT NULL AND g.b IS NOT NULL THEN kql_geo_cross(g.a, g.b) OR kql_geo_inside(g.a[1][1], g.b) END"),
         "Whether a line meets a polygon or lies in it.", f"geo_intersects_line_with_polygon(dynamic({_LINE}), dynamic({_RING}))"),
    _row("geo_intersects_2polygons(polygon1:dynamic, polygon2:dynamic) -> bool",
         _given("a := kql_geo_rings({polygon1}), b := kql_geo_rings({polygon2})",
                "CASE WHEN g.a IS NOT NULL AND g.b IS NOT NULL THEN kql_geo_cross(g.a, g.b) OR kql_geo_inside(g.a[1][1], g.b) OR kql_geo_inside(g.b[1][1], g.a) END"),
         "Whether two polygons have a point in common.", f"geo_intersects_2polygons(dynamic({_RING}), dynamic({_RING}))"),
    _row("geo_from_wkt(wkt:string) -> dynamic", "kql_wkt({wkt})", "A shape in well-known text as GeoJSON.", "tostring(geo_from_wkt('POINT (1 2)').type) == 'Point'"),
)  # fmt: skip
