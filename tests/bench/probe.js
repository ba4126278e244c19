/* SPDX-License-Identifier: MIT */
/* For test_browser.py: looks at the page and sends what it found. */
"use strict";

function colour(element, property) {
	return getComputedStyle(element)[property].match(/[\d.]+/g).map(Number);
}

/* Is all of @inner within @outer? Half a pixel is rounding. */
function within(inner, outer) {
	const a = inner.getBoundingClientRect();
	const b = outer.getBoundingClientRect();

	return a.left >= b.left - 0.5 && a.right <= b.right + 0.5 &&
		a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
}

const root = document.documentElement;
const texts = [...document.querySelectorAll("svg text")];
const plots = [...document.querySelectorAll(".plots svg")];

parent.postMessage(JSON.stringify({
	width: innerWidth,
	overflow: root.scrollWidth - root.clientWidth,
	paper: colour(document.body, "backgroundColor"),
	ink: colour(document.body, "color"),
	own: colour(document.querySelector(".own text"), "fill"),
	plots: plots.map((plot) => plot.getBoundingClientRect().width),
	whiskers: [...document.querySelectorAll(".row .whisker")].map(
		(svg) => svg.getBoundingClientRect().width),
	cut: texts.filter((text) => !within(text, text.closest("svg"))).map(
		(text) => text.textContent),
	/* On the screen; an SVG is scaled as a whole. */
	size: Math.min(...texts.map((text) =>
		parseFloat(getComputedStyle(text).fontSize) *
		text.getScreenCTM().a)),
	first: document.querySelector(".row .whisker")
		.getBoundingClientRect().top,
}), "*");
