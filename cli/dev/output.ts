/** Rewrites the output of `wrangler dev`: transitions become lines of a timeline. All other lines stay as they are. */
import { stripVTControlCharacters, styleText } from "node:util";
import { transitionIn } from "../../src/event/transition.ts";
import type { Lines } from "../timeline/lines.ts";
import { mapStack } from "./source-map.ts";

/** The line with which wrangler says where it listens. */
const READY = /Ready on (https?:\/\/\S+)/;

interface Output {
	lines: Lines;
	/** Paths of sources are relative to it. */
	folder: string;
	print(line: string): void;
	/** Called once. */
	onReady(url: string): void;
}

/** Returns a function for each line. */
export function rewriting(output: Output): (line: string) => void {
	const { lines, folder, print } = output;
	let isReady = false;
	return (line) => {
		const bare = stripVTControlCharacters(line);
		const transition = transitionIn(bare);
		if (!transition) {
			print(line);
			const [, url] = READY.exec(bare) ?? [];
			if (url === undefined || isReady) return;
			isReady = true;
			return output.onReady(url);
		}
		print(lines.transition(transition));
		// The line has the message.
		const stack = "error" in transition && transition.error.stack;
		if (stack) print(styleText("gray", placesIn(mapStack(stack, folder))));
	};
}

function placesIn(stack: string): string {
	return stack
		.split("\n")
		.filter((line) => /^\s+at /.test(line))
		.join("\n");
}
