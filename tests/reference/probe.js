/* SPDX-License-Identifier: MIT */
/*
 * For test_browser.py, in a page after search.js: looks, presses keys, and
 * sends what it found to the page around it.
 */
"use strict";

const seen = {};

function press(target, key) {
	target.dispatchEvent(new KeyboardEvent("keydown",
		{ key, bubbles: true, cancelable: true }));
}

function type(text) {
	input.value = text;
	input.dispatchEvent(new Event("input"));
}

function titles() {
	return [...list.querySelectorAll("b")].map((b) => b.textContent);
}

function chosen() {
	const item = list.querySelector("[aria-selected]");

	return item ? item.querySelector("a").getAttribute("href") : "";
}

async function untilLoaded() {
	while (!records)
		await new Promise((done) => setTimeout(done, 20));
}

async function keyboard() {
	press(document.body, "/");
	seen.focused = document.activeElement === input;
	await untilLoaded();
	seen.hiddenAtFirst = box.hidden;
	seen.found = {};
	for (const query of ["cpuslab_counter_add()", "counter add", "ENOMEM",
		"-Dport", "hotplug config", "splitmix64", "percpu_ref", "zzzz"]) {
		type(query);
		seen.found[query] = titles().slice(0, 5);
	}
	type("counter add");
	seen.first = chosen();
	seen.expanded = input.getAttribute("aria-expanded");
	press(input, "ArrowDown");
	seen.second = chosen();
	seen.active = document.getElementById(
		input.getAttribute("aria-activedescendant")) !== null;
	press(input, "ArrowUp");
	press(input, "ArrowUp");
	seen.last = chosen();
	press(input, "Escape");
	seen.hiddenAfterEscape = box.hidden;
}

function colour(element, property) {
	return getComputedStyle(element)[property].match(/[\d.]+/g).map(Number);
}

function looks() {
	const link = document.createElement("a");
	const text = document.querySelector("main p, main dd, main td");

	link.href = "#";
	document.querySelector("main").append(link);

	seen.width = innerWidth;
	seen.overflow = document.documentElement.scrollWidth -
		document.documentElement.clientWidth;
	seen.paper = colour(document.body, "backgroundColor");
	seen.panel = colour(document.querySelector("pre, input"),
		"backgroundColor");
	seen.ink = colour(document.body, "color");
	seen.soft = colour(document.querySelector("nav h2"), "color");
	seen.link = colour(link, "color");
	seen.lines = text.getBoundingClientRect().width /
		parseFloat(getComputedStyle(document.body).fontSize);
}

looks();
keyboard().then(() => parent.postMessage(JSON.stringify(seen), "*"));
