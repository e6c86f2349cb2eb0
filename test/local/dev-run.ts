/** Runs a project with `wrangler dev` in a process group of its own, so that it can be edited, killed and run again. */
import { type ChildProcess, spawn } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import { killGroupOf, killWithThisProcess } from "../kills/runtime.ts";

const WRANGLER = join(
	dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
	"bin/wrangler.js",
);

const CONFIG = join(
	import.meta.dirname,
	"../../templates/one-worker/wrangler.jsonc",
);

export class DevRun {
	readonly #source: string;
	readonly #folder = mkdtempSync(join(tmpdir(), "tidings-local-"));
	#process: ChildProcess | undefined;
	#url = "";
	/** All output of all processes. */
	output = "";

	/**
	 * @param source of the Worker, which answers `/version` with the `VERSION` that each edit replaces
	 * @param devVars the text of `.dev.vars`
	 */
	constructor(source: string, devVars: string) {
		this.#source = source;
		mkdirSync(join(this.#folder, "src"));
		writeFileSync(
			join(this.#folder, "wrangler.jsonc"),
			readFileSync(CONFIG, "utf8").replace('"generate_types": true', ""),
		);
		writeFileSync(join(this.#folder, ".dev.vars"), devVars);
		this.#write(1);
	}

	async start(): Promise<void> {
		const { NODE_ENV: _, ...env } = process.env;
		const args = [WRANGLER, "dev", "--ip", "127.0.0.1", "--port", "0"];
		const child = spawn(process.execPath, [...args, "--inspector-port", "0"], {
			cwd: this.#folder,
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...env, WRANGLER_SEND_METRICS: "false", TMPDIR: this.#folder },
			detached: true,
		});
		this.#process = child;
		killWithThisProcess(child);
		let output = "";
		for (const stream of [child.stdout, child.stderr])
			stream.on("data", (text) => {
				output += text;
				this.output += text;
			});
		await vi.waitFor(
			() => {
				const [, url] = /Ready on (http\S+)/.exec(output) ?? [];
				if (url === undefined) throw new Error(`not ready:\n${output}`);
				this.#url = url;
			},
			{ timeout: 60_000, interval: 20 },
		);
	}

	/** Edits the source. Resolves once the new version answers. */
	async edit(version: number): Promise<void> {
		this.#write(version);
		await vi.waitFor(
			async () => {
				const answer = await this.fetch("/version");
				if ((await answer.text()) !== `${version}`)
					throw new Error("the old version answers");
			},
			{ timeout: 60_000, interval: 20 },
		);
	}

	/** Kills wrangler and the runtime by SIGKILL. */
	async kill(): Promise<void> {
		if (this.#process) await killGroupOf(this.#process);
	}

	async close(): Promise<void> {
		await this.kill();
		rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
	}

	fetch(path: string, init?: RequestInit): Promise<Response> {
		return fetch(this.#url + path, init);
	}

	#write(version: number): void {
		const text = this.#source.replace("VERSION", `${version}`);
		writeFileSync(join(this.#folder, "src/index.ts"), text);
	}
}
