/** Shows progress as one line on a terminal. Elsewhere it writes nothing, so that a log has no half lines. */
import { clearLine, cursorTo } from "node:readline";

const WIDTH = 30;

/** @param title shown before the bar */
export function showProgress(
	title: string,
	stream: NodeJS.WriteStream = process.stderr,
) {
	const clear = () => {
		if (!stream.isTTY) return;
		cursorTo(stream, 0);
		clearLine(stream, 0);
	};
	return {
		update(done: number, count: number): void {
			if (!stream.isTTY) return;
			clear();
			stream.write(`${title} ${barText(done, count)} ${done} of ${count}`);
		},
		end: clear,
	};
}

/** Items that match later can make `done` exceed `count`. */
function barText(done: number, count: number): string {
	const part = count === 0 ? 1 : Math.min(1, done / count);
	const full = Math.round(part * WIDTH);
	return `[${"#".repeat(full)}${"-".repeat(WIDTH - full)}]`;
}
