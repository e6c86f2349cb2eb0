/** Rewrites the output of `wrangler dev`: transitions become lines of a timeline, and noise is left out. */
import { stripVTControlCharacters, styleText } from "node:util";
import { transitionIn } from "../../src/event/transition.ts";
import type { Lines } from "../timeline/lines.ts";
import { withoutNoise } from "./noise.ts";
import { mapStack } from "./source-map.ts";

/** The line with which wrangler says where it listens. */
const READY = /Ready on (https?:\/\/\S+)/;

/** The name of a Worker, before each of its lines when several run. */
const WORKER = /^\[[\w-]+\] /;

const REQUEST = /^\[wrangler:info\] [A-Z]+ (\/\S*) (\d)\d\d /;

interface Output {
	lines: Lines;
	/** Paths of sources are relative to it. */
	folder: string;
	print(line: string): void;
	/** Called once. Resolves with the beginnings of paths whose requests are shown only if they fail. */
	onReady(url: string): Promise<string[]>;
}

/** Returns a function for each line. */
export function rewriting(output: Output): (line: string) => void {
	const { lines, folder, print } = output;
	const printOther = withoutNoise(print);
	// Until they are known, every request is one of this process.
	let paths: string[] | undefined;
	let isReady = false;
	return (line) => {
		const bare = stripVTControlCharacters(line);
		const transition = transitionIn(bare.replace(WORKER, ""));
		if (transition) {
			print(lines.transition(transition));
			// The line has the message.
			const stack = "error" in transition && transition.error.stack;
			if (stack) print(styleText("gray", placesIn(mapStack(stack, folder))));
			return;
		}
		const [, path, status] = REQUEST.exec(bare) ?? [];
		if (path !== undefined) {
			const isFailed = Number(status) >= 4;
			const isOwn = paths?.some((start) => path.startsWith(start)) ?? true;
			if (isOwn && !(isFailed && paths)) return;
		}
		printOther(line);
		const [, url] = READY.exec(bare) ?? [];
		if (url === undefined || isReady) return;
		isReady = true;
		void output.onReady(url).then((found) => {
			paths = found;
		});
	};
}

function placesIn(stack: string): string {
	return stack
		.split("\n")
		.filter((line) => /^\s+at /.test(line))
		.join("\n");
}
