/**
 * A person with Chromium in front of the shop's dashboard. `look` is what every page has to pass: no violation of the
 * policy, no error of a script, and no finding of axe, light and dark, wide and narrow.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect, vi } from "vitest";
import { createTestHarness } from "wrangler";

export const root = new URL("../..", import.meta.url).pathname;

/** A key with each scope, by its id. */
const SCOPES = { oncall: ["admin"], viewer: ["read"] } as const;

export const keyOf = (id: keyof typeof SCOPES) => `tid_${id}_secret-of-${id}`;

const API_KEYS = JSON.stringify(
	Object.entries(SCOPES).map(([id, scopes]) => {
		const key = keyOf(id as keyof typeof SCOPES);
		const digest = createHash("sha256").update(key).digest("hex");
		return { id, scopes, digest };
	}),
);

const axe = readFileSync(
	createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
	"utf8",
);

/** Slow machines run the tests next to others. */
export const wait = { timeout: 20_000, interval: 100 };

export interface Shop {
	url: string;
	/** Opens a page in a context of its own, without a session. Fails the test for any violation or error. */
	open(options?: Parameters<Browser["newContext"]>[0]): Promise<Page>;
	signIn(page: Page, id?: keyof typeof SCOPES): Promise<void>;
	/** Publishes over HTTP. Returns the id of the event. */
	publish(event: object): Promise<string>;
	/** What went wrong in all pages so far. */
	readonly complaints: readonly string[];
	close(): Promise<void>;
}

/** @param configPath of another Worker that is opened instead */
export async function openShop(
	configPath = "examples/shop/owner/wrangler.toml",
	vars = {},
): Promise<Shop> {
	const harness = createTestHarness({
		root,
		workers: [{ configPath, vars, secrets: { API_KEYS } }],
	});
	const { url } = await harness.listen();
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu"],
	});
	const complaints: string[] = [];
	const origin = url.origin.replace("127.0.0.1", "localhost");
	return {
		url: origin,
		complaints,
		async open(options) {
			const context = await browser.newContext(options);
			const page = await context.newPage();
			page.on("pageerror", ({ message }) => complaints.push(message));
			page.on("dialog", (dialog) => {
				complaints.push(`a dialog: ${dialog.message()}`);
				void dialog.dismiss();
			});
			page.on("console", (message) => {
				const text = message.text();
				// The status of a page that is not there, or that needs a sign-in.
				const isStatus = text.startsWith("Failed to load resource");
				if (message.type() === "error" && !isStatus) complaints.push(text);
			});
			return page;
		},
		async signIn(page, id = "oncall") {
			await page.goto(`${origin}/events`);
			await page.getByLabel("API key").fill(keyOf(id));
			await page.getByRole("button", { name: "Sign in" }).click();
			await page
				.getByRole("heading", { name: "Events", exact: true })
				.waitFor();
		},
		async publish(event) {
			const response = await fetch(`${url.origin}/v1/events`, {
				method: "POST",
				headers: {
					authorization: `Bearer ${keyOf("oncall")}`,
					"content-type": "application/json",
				},
				body: JSON.stringify(event),
			});
			const receipt = (await response.json()) as { id?: string };
			if (receipt.id === undefined) throw new Error(JSON.stringify(receipt));
			return receipt.id;
		},
		async close() {
			await browser.close();
			await harness.close();
		},
	};
}

/** Opens a path until the page has a text: the journal is written a moment later. */
export async function openUntil(page: Page, url: string, text: string) {
	await vi.waitFor(async () => {
		await page.goto(url);
		expect(await page.textContent("body")).toContain(text);
	}, wait);
}

interface Findings {
	violations: { id: string; nodes: { html: string }[] }[];
}

/**
 * Looks at a page as it is: no finding of axe, light and dark, and no sideways scrolling, wide and narrow. `SHOTS` is a
 * folder for pictures.
 */
export async function look(page: Page, name: string): Promise<void> {
	// A click returns when its page has begun.
	await page.waitForLoadState("domcontentloaded");
	for (const colorScheme of ["light", "dark"] as const) {
		await page.emulateMedia({ colorScheme });
		for (const width of [390, WIDE]) {
			await page.setViewportSize({ width, height: 850 });
			const what = `${name} ${colorScheme} ${width}`;
			const overflow = await page.evaluate<number>(
				"document.documentElement.scrollWidth - document.documentElement.clientWidth",
			);
			expect(overflow, `${what} scrolls sideways`).toBe(0);
			if (process.env.SHOTS) {
				const path = `${process.env.SHOTS}/${what.replaceAll(" ", "-")}.png`;
				await page.screenshot({ path, fullPage: true });
			}
		}
		// A script of the page cannot do this: the policy forbids it.
		await page.evaluate(axe);
		const { violations } = await page.evaluate<Findings>(
			'axe.run(document, { resultTypes: ["violations"] })',
		);
		const found = violations.map(
			({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
		);
		expect(found, `${name} ${colorScheme}`).toEqual([]);
	}
}

const WIDE = 1_360;
