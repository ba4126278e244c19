/* SPDX-License-Identifier: MIT */
/*
 * Search in names and text. The index is a script, since a page that was opened
 * from a file may not fetch one, and is loaded when the search is first used.
 */
"use strict";

const form = document.querySelector("header form");
const input = form.querySelector("input");
const box = document.getElementById("found");
const list = document.getElementById("results");
const MOST = 40;
let records = null;
let selected = -1;

function searchIndex(found) {
	records = found.map(([title, kind, href, text]) => ({
		title, kind, href, text,
		name: title.toLowerCase(), all: (title + " " + text).toLowerCase(),
	}));
	search();
}

function load() {
	if (document.getElementById("index"))
		return;
	const script = document.createElement("script");

	script.id = "index";
	script.src = "search-index.js";
	document.head.append(script);
}

/* How well a record fits a word: not at all is 0. */
function score(record, word) {
	if (record.name === word)
		return 100;
	if (record.name.startsWith(word))
		return 40;
	if (record.name.includes("_" + word))
		return 30;
	if (record.name.includes(word))
		return 20;
	return record.all.includes(word) ? 1 : 0;
}

function rank(query) {
	const words = query.toLowerCase().replace(/\(\)/g, "").split(/\s+/)
		.filter(Boolean);
	const found = [];

	if (!words.length)
		return { words, found };
	for (const record of records) {
		const scores = words.map((word) => score(record, word));

		if (scores.every(Boolean))
			found.push([scores.reduce((a, b) => a + b) -
				record.name.length / 100, record]);
	}
	found.sort((a, b) => b[0] - a[0]);
	return { words, found: found.map((pair) => pair[1]) };
}

/* Text, with each word marked. */
function marked(text, words) {
	const part = document.createElement("span");
	const escaped = words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

	for (const piece of text.split(new RegExp("(" + escaped.join("|") + ")", "i"))) {
		if (words.includes(piece.toLowerCase())) {
			const mark = document.createElement("mark");

			mark.textContent = piece;
			part.append(mark);
		} else {
			part.append(piece);
		}
	}
	return part;
}

function excerpt(record, words) {
	const at = Math.max(0, record.text.toLowerCase().indexOf(words[0]));
	const from = at < 60 ? 0 : record.text.indexOf(" ", at - 50) + 1;

	return (from ? "… " : "") + record.text.slice(from, from + 140);
}

function entry(record, words, number) {
	const item = document.createElement("li");
	const link = document.createElement("a");
	const title = document.createElement("b");
	const small = document.createElement("small");

	item.id = "result-" + number;
	item.setAttribute("role", "option");
	link.href = record.href;
	link.tabIndex = -1;
	title.append(marked(record.title, words));
	small.append(marked(excerpt(record, words), words));
	link.append(title, " ", record.kind, small);
	item.append(link);
	return item;
}

function search() {
	if (!records) {
		load();
		return;
	}
	const { words, found } = rank(input.value);

	list.replaceChildren(...found.slice(0, MOST).map((record, number) =>
		entry(record, words, number)));
	box.querySelector("p").textContent = found.length > MOST ?
		`${found.length} found, the best ${MOST} of them:` :
		`${found.length} found`;
	show(words.length > 0);
	select(found.length ? 0 : -1);
}

function show(visible) {
	box.hidden = !visible;
	input.setAttribute("aria-expanded", String(visible));
}

function select(number) {
	const items = list.children;

	if (items[selected])
		items[selected].removeAttribute("aria-selected");
	selected = number;
	input.removeAttribute("aria-activedescendant");
	if (!items[selected])
		return;
	items[selected].setAttribute("aria-selected", "true");
	input.setAttribute("aria-activedescendant", items[selected].id);
	items[selected].scrollIntoView({ block: "nearest" });
}

function move(step) {
	const count = list.children.length;

	if (count)
		select((selected + step + count) % count);
}

input.addEventListener("input", search);
input.addEventListener("focus", load);
input.addEventListener("keydown", (event) => {
	if (event.key === "ArrowDown" || event.key === "ArrowUp") {
		event.preventDefault();
		move(event.key === "ArrowDown" ? 1 : -1);
	} else if (event.key === "Escape") {
		show(false);
	}
});
form.addEventListener("submit", (event) => {
	event.preventDefault();
	const link = list.children[selected]?.querySelector("a");

	if (link && !box.hidden) {
		show(false);
		location.href = link.href;
	}
});
document.addEventListener("keydown", (event) => {
	if (event.key === "/" && document.activeElement !== input &&
			!event.ctrlKey && !event.metaKey && !event.altKey) {
		event.preventDefault();
		input.focus();
		input.select();
	}
});
document.addEventListener("click", (event) => {
	if (!box.contains(event.target) || event.target.closest("#results a"))
		show(box.contains(event.target) ? false : event.target === input &&
			input.value !== "" && list.children.length > 0);
});
form.hidden = false;
input.value = new URLSearchParams(location.search).get("q") || "";
if (input.value)
	search();
