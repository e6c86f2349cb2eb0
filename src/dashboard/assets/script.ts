/**
 * The script of all pages: times in the viewer's zone, keys, copying, suggestions, and live updates that pause while
 * the viewer reads. Pages can be read and used without it. It is served unchanged: no `${}` and no backtick in it.
 */
export const SCRIPT = `
(() => {
	document.documentElement.classList.add("has-script");
	const all = (selector, root = document) => [...root.querySelectorAll(selector)];

	// Times: in the viewer's zone, in UTC on hover.
	const day = (date) => date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
	const clock = (date, digits) => date.toLocaleTimeString(undefined, {
		hourCycle: "h23", hour: "2-digit", minute: "2-digit",
		...(digits !== undefined && { second: "2-digit" }),
		...(digits && { fractionalSecondDigits: digits }),
	});
	const span = (ms) => {
		const s = Math.max(0, Math.round(ms / 1000));
		if (s < 60) return s + " s";
		if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
		if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
		return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
	};
	const localise = (time) => {
		const date = new Date(time.dateTime);
		if (Number.isNaN(date.getTime())) return;
		if (time.title === "") time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
		let text;
		if ("until" in time.dataset) {
			const left = date - Date.now();
			text = left > 0 ? "in " + span(left) : "now";
		} else {
			const isToday = date.toDateString() === new Date().toDateString();
			const { exact, minute } = time.dataset;
			const digits = exact === undefined ? (minute === undefined ? 0 : undefined) : 3;
			text = (isToday ? "" : day(date) + ", ") + clock(date, digits);
		}
		if (time.textContent !== text) time.textContent = text;
	};
	const localiseAll = () => all("time[datetime]").forEach(localise);
	localiseAll();
	// Before the next paint, so that a viewer never sees the time of the server.
	new MutationObserver(localiseAll).observe(document.body, { childList: true, subtree: true, characterData: true });
	setInterval(() => all("time[data-until]").forEach(localise), 1000);

	// Live updates wait while the viewer selects, scrolls or points at them. htmx stops them while the page is hidden.
	let scrolledAt = -Infinity;
	let isOver = false;
	addEventListener("scroll", () => { scrolledAt = performance.now(); }, { passive: true, capture: true });
	document.addEventListener("pointerover", ({ target, pointerType }) => {
		isOver = pointerType === "mouse" && target.closest?.("[data-live]") !== null;
	});
	document.documentElement.addEventListener("pointerleave", () => { isOver = false; });
	const isReading = () => {
		const selection = getSelection();
		const editing = document.activeElement?.closest?.("[data-live]") && /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);
		return isOver || editing || performance.now() - scrolledAt < 1500 || (selection !== null && !selection.isCollapsed);
	};
	const showPause = (isPaused) => all("[data-pause]").forEach((one) => { one.hidden = !isPaused; });
	document.addEventListener("htmx:sse:before:message", ({ detail }) => {
		if (detail.message.event || !isReading()) return;
		showPause(true);
		detail.waitUntil(new Promise((resolve) => {
			const timer = setInterval(() => {
				if (isReading()) return;
				clearInterval(timer);
				showPause(false);
				resolve();
			}, 200);
		}));
	});
	const showStop = (why) => all("[data-stopped]").forEach((one) => {
		one.hidden = why === "";
		one.querySelector("span").textContent = why;
	});
	document.addEventListener("fresh", ({ detail }) => {
		showStop("");
		for (const time of all("time[data-fresh]")) {
			time.dateTime = detail.data;
			time.title = "";
			localise(time);
		}
	});
	// No reload by itself: it would lose what the viewer has typed.
	document.addEventListener("signed-out", () => showStop("Your session has ended."));
	for (const name of ["stopped", "htmx:sse:error", "htmx:error"])
		document.addEventListener(name, ({ target }) => { if (target.matches?.("[data-live]")) showStop("Updates have stopped."); });

	// A second click must not send a form twice. A page that comes back from the cache can be sent again.
	const enable = (form, isEnabled) => all("button[type=submit]", form).forEach((one) => { one.disabled = !isEnabled; });
	document.addEventListener("submit", ({ target }) => { if (target.method === "post") setTimeout(() => enable(target, false)); });
	addEventListener("pageshow", () => enable(document, true));

	// Suggestions complete the last word of a filter, not the whole filter. A value in quotes may have spaces.
	const complete = /^(?: |(?:[^ "]|"(?:[^"\\\\]|\\\\.)*")+ )*/;
	for (const input of all("input[list]")) {
		const list = input.list;
		const words = list ? all("option", list).map((option) => option.value) : [];
		input.addEventListener("input", () => {
			const [before] = complete.exec(input.value);
			list.replaceChildren(...words.map((word) => new Option("", before + word)));
		});
	}

	// On a narrow screen the navigation scrolls sideways.
	document.querySelector(".side nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

	// Copying.
	document.addEventListener("click", async ({ target }) => {
		const button = target.closest?.("button[data-copy]");
		if (!button) return;
		await navigator.clipboard.writeText(button.parentElement.querySelector("pre, code").textContent);
		const label = button.textContent;
		button.textContent = "Copied";
		setTimeout(() => { button.textContent = label; }, 1500);
	});

	// Keys.
	const rows = () => all("a[data-row]");
	const move = (step) => {
		const links = rows();
		const at = links.indexOf(document.activeElement);
		const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
		links[Math.min(links.length - 1, Math.max(0, next))]?.focus();
	};
	const press = (one) => {
		if (!one) return false;
		const fold = one.closest("details");
		if (fold) fold.open = true;
		const field = fold ? fold.querySelector("textarea, input:not([type=hidden]), button") : one;
		// An irreversible action needs a second key.
		if (field.matches("a, button:not([type=submit])") && !fold) field.click();
		else {
			field.focus();
			field.scrollIntoView({ block: "center" });
		}
		return true;
	};
	document.addEventListener("keydown", (event) => {
		const { key, target, ctrlKey, metaKey, altKey } = event;
		if (ctrlKey || metaKey || altKey || document.querySelector("dialog[open]")) return;
		if (target.matches?.("input, textarea, select")) {
			if (key === "Escape") target.blur();
			return;
		}
		if (key === "j") move(1);
		else if (key === "k") move(-1);
		else if (key === "?") document.querySelector("dialog#keys")?.showModal();
		else if (key === "/") document.querySelector("input[name=q]")?.focus();
		else if (!press(document.querySelector("[data-key='" + CSS.escape(key) + "']"))) return;
		event.preventDefault();
	});
	document.querySelector("[data-open=keys]")?.addEventListener("click", () => document.querySelector("dialog#keys").showModal());
})();
`;
