package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// point is longitude and latitude in degrees.
type point [2]float64

// shape is a closed ring, a line, or a point, on the plane of longitude and latitude: the stand-in knows
// no great circles, and its granules keep away from poles and the antimeridian.
type shape struct {
	points []point
	closed bool
}

func box(west, south, east, north float64) shape {
	return shape{[]point{{west, south}, {east, south}, {east, north}, {west, north}, {west, south}}, true}
}

// Where a granule is; nil where nobody says.
func (g granule) shapes() []shape {
	if g.of.recorded != nil {
		return g.of.recorded[g.at].shapes
	}
	west, east := g.longitude-g.halfWidth, g.longitude+g.halfWidth
	south, north := g.latitude-g.halfHeight, g.latitude+g.halfHeight
	switch g.of.Shape {
	case "none":
		return nil
	case "rectangle":
		return []shape{box(west, south, east, north)}
	case "point":
		return []shape{{[]point{{g.longitude, g.latitude}}, false}}
	case "line":
		return []shape{{[]point{{west, south}, {g.longitude, g.latitude}, {east, north}}, false}}
	}
	lean := g.halfWidth / 2
	return []shape{{[]point{{west - lean, south}, {east - lean, south}, {east + lean, north}, {west + lean, north}, {west - lean, south}}, true}}
}

func (s shape) bounds() (west, south, east, north float64) {
	west, south, east, north = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, one := range s.points {
		west, east = min(west, one[0]), max(east, one[0])
		south, north = min(south, one[1]), max(north, one[1])
	}
	return
}

func (s shape) touches(other shape) bool {
	west, south, east, north := s.bounds()
	westOther, southOther, eastOther, northOther := other.bounds()
	if west > eastOther || westOther > east || south > northOther || southOther > north {
		return false
	}
	for _, one := range s.segments() {
		for _, two := range other.segments() {
			if crosses(one, two) {
				return true
			}
		}
	}
	return s.holds(other.points[0]) || other.holds(s.points[0])
}

func (s shape) segments() [][2]point {
	found := [][2]point{}
	for at := 1; at < len(s.points); at++ {
		found = append(found, [2]point{s.points[at-1], s.points[at]})
	}
	if len(s.points) == 1 {
		found = append(found, [2]point{s.points[0], s.points[0]})
	}
	return found
}

// Whether a ring holds a point, by the crossings of a ray.
func (s shape) holds(one point) bool {
	if !s.closed {
		return false
	}
	inside := false
	for _, edge := range s.segments() {
		a, b := edge[0], edge[1]
		if a[1] > one[1] != (b[1] > one[1]) && one[0] < (b[0]-a[0])*(one[1]-a[1])/(b[1]-a[1])+a[0] {
			inside = !inside
		}
	}
	return inside
}

func crosses(one, two [2]point) bool {
	side := func(a, b, c point) float64 { return (b[0]-a[0])*(c[1]-a[1]) - (b[1]-a[1])*(c[0]-a[0]) }
	a, b := side(two[0], two[1], one[0]), side(two[0], two[1], one[1])
	c, d := side(one[0], one[1], two[0]), side(one[0], one[1], two[1])
	if a == 0 && b == 0 && c == 0 && d == 0 {
		return between(one[0], two) || between(one[1], two) || between(two[0], one) || between(two[1], one)
	}
	return a*b <= 0 && c*d <= 0
}

func between(one point, edge [2]point) bool {
	return one[0] >= min(edge[0][0], edge[1][0]) && one[0] <= max(edge[0][0], edge[1][0]) &&
		one[1] >= min(edge[0][1], edge[1][1]) && one[1] <= max(edge[0][1], edge[1][1])
}

func numbersOf(text string) ([]float64, error) {
	found := []float64{}
	for one := range strings.SplitSeq(text, ",") {
		number, err := strconv.ParseFloat(strings.TrimSpace(one), 64)
		if err != nil {
			return nil, fmt.Errorf("[%s] is not a valid numeric value", one)
		}
		found = append(found, number)
	}
	return found, nil
}

// The shapes that a spatial parameter means; several where a box goes over the antimeridian.
func shapesOf(parameter, text string) ([]shape, error) {
	numbers, err := numbersOf(text)
	bad := fmt.Errorf("[%s] is not a valid URL encoded %s", text, parameter)
	if err != nil {
		return nil, bad
	}
	points := []point{}
	for at := 1; at < len(numbers); at += 2 {
		points = append(points, point{numbers[at-1], numbers[at]})
	}
	switch {
	case parameter == "bounding_box" && len(numbers) == 4:
		west, south, east, north := numbers[0], numbers[1], numbers[2], numbers[3]
		if south > north {
			return nil, fmt.Errorf("The bounding rectangle north value [%s] was less than the south value [%s]", text, text)
		}
		if west > east {
			return []shape{box(west, south, 180, north), box(-180, south, east, north)}, nil
		}
		return []shape{box(west, south, east, north)}, nil
	case parameter == "point" && len(numbers) == 2:
		return []shape{{points, false}}, nil
	case parameter == "line" && len(numbers) >= 4 && len(numbers)%2 == 0:
		return []shape{{points, false}}, nil
	case parameter == "circle" && len(numbers) == 3:
		return circle(numbers[0], numbers[1], numbers[2])
	case parameter == "polygon" && len(numbers) >= 8 && len(numbers)%2 == 0:
		return ring(points)
	}
	return nil, bad
}

func ring(points []point) ([]shape, error) {
	if points[0] != points[len(points)-1] {
		return nil, fmt.Errorf("Polygon boundary was not closed. The first and last points must be equal.")
	}
	area := 0.0
	for at := 1; at < len(points); at++ {
		area += points[at-1][0]*points[at][1] - points[at][0]*points[at-1][1]
	}
	if area < 0 {
		return nil, fmt.Errorf("The polygon boundary points are listed in the wrong order (clockwise vs counter clockwise). Please see the API documentation for the correct order.")
	}
	return []shape{{points, true}}, nil
}

// A ring of 32 points at a distance in metres, with degrees as long as they are at that latitude.
func circle(longitude, latitude, radius float64) ([]shape, error) {
	if radius < 10 || radius > 6_000_000 {
		return nil, fmt.Errorf("Circle radius must be between 10 and 6000000, but was %v.", radius)
	}
	const degree = 111_195.0
	points := []point{}
	for at := range 33 {
		angle := 2 * math.Pi * float64(at%32) / 32
		points = append(points, point{
			longitude + radius/degree/math.Cos(latitude*math.Pi/180)*math.Cos(angle), latitude + radius/degree*math.Sin(angle),
		})
	}
	return []shape{{points, true}}, nil
}
