/** A process of workerd, or of wrangler's dev server with its workerd, that runs the Worker on a state folder and can be killed. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export interface Setting {
	/** The folder that outlives it. */
	state: string;
	/** Where its handlers report. */
	ledger: string;
	/** Whether one fault at a time is provoked. */
	points: boolean;
	/** The file that takes what it prints. */
	log: string;
}

export interface Runtime {
	url: string;
	/**
	 * By SIGKILL; resolves when it is gone.
	 *
	 * @param spareParent whether workerd is killed before the process that started it, where there is one
	 */
	kill(spareParent?: boolean): Promise<void>;
}

export type Start = (setting: Setting) => Promise<Runtime>;

/** The heads of process groups that are alive. */
const alive = new Set<ChildProcess>();

/** From now on the process, with all that it starts, ends when this one does. @param child started `detached` */
export function endsWithUs(child: ChildProcess): void {
	alive.add(child);
	child.once("exit", () => alive.delete(child));
}

process.on("exit", () => {
	for (const child of alive) killGroup(child);
});

/** Kills a process that was started `detached`, and all that it started. */
export async function killed(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exit = once(child, "exit");
	killGroup(child);
	await exit;
}

function killGroup({ pid }: ChildProcess): void {
	try {
		if (pid !== undefined) process.kill(-pid, "SIGKILL");
	} catch {
		// It has ended by itself, and its end is not heard of yet.
	}
}
