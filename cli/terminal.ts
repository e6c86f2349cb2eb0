/**
 * Takes over a terminal: its whole screen, and each key. However the process ends, the terminal is restored, because a
 * shell without echo or cursor is of no use.
 */
import { emitKeypressEvents, type Key } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";

/**
 * The alternate screen keeps what the shell has printed. Lines do not wrap: characters of double width make a line
 * wider than its length (xterm control sequences).
 */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME_AND_CLEAR = "\x1b[H\x1b[J";

/** Signals that end the process, with the exit code that a shell expects. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export interface Terminal {
	columns(): number;
	rows(): number;
	/** Lines must not be longer than the screen is wide. */
	draw(lines: readonly string[]): void;
	close(): void;
}

export function openTerminal(
	{ onKey, onResize }: { onKey(key: string): void; onResize(): void },
	input: ReadStream = process.stdin,
	output: WriteStream = process.stdout,
): Terminal {
	let isOpen = true;
	// A raw terminal sends Ctrl-C as a key.
	const onPress = (_: string | undefined, { name, ctrl, sequence }: Key) =>
		onKey(ctrl ? `ctrl-${name}` : (name ?? sequence ?? ""));
	const close = () => {
		if (!isOpen) return;
		isOpen = false;
		input.off("keypress", onPress);
		output.off("resize", onResize);
		process.off("exit", close);
		for (const signal of Object.keys(SIGNALS)) process.off(signal, end);
		input.setRawMode(false);
		input.pause();
		output.write(LEAVE);
	};
	const end = (signal: keyof typeof SIGNALS) => {
		close();
		process.exit(SIGNALS[signal]);
	};
	emitKeypressEvents(input);
	input.setRawMode(true);
	input.resume();
	input.on("keypress", onPress);
	output.on("resize", onResize);
	// An error that is not caught ends the process with "exit", too.
	process.on("exit", close);
	for (const signal of Object.keys(SIGNALS)) process.on(signal, end);
	output.write(ENTER);
	return {
		// A terminal without a size reports 0.
		columns: () => output.columns || 80,
		rows: () => output.rows || 24,
		draw(lines) {
			if (isOpen) output.write(HOME_AND_CLEAR + lines.join("\r\n"));
		},
		close,
	};
}
