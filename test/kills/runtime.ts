/** A process that runs the Worker on a state folder and can be killed: workerd, or wrangler's dev server. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export interface Setting {
	/** Folder of the state, which outlives the process. */
	state: string;
	/** URL to which handlers report. */
	ledger: string;
	/** Whether the fault points are on. */
	points: boolean;
	/** File for the output. */
	log: string;
}

export interface Runtime {
	url: string;
	/**
	 * Kills the process by SIGKILL. Resolves once it has exited.
	 *
	 * @param spareParent kills workerd before its parent process
	 */
	kill(spareParent?: boolean): Promise<void>;
}

export type Start = (setting: Setting) => Promise<Runtime>;

/** Leaders of the running process groups. */
const alive = new Set<ChildProcess>();

/** Kills the process group when this process exits. @param child started `detached` */
export function killWithThisProcess(child: ChildProcess): void {
	alive.add(child);
	child.once("exit", () => alive.delete(child));
}

process.on("exit", () => {
	for (const child of alive) killGroup(child);
});

/** Kills the process group of a process that was started `detached`. */
export async function killGroupOf(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exit = once(child, "exit");
	killGroup(child);
	await exit;
}

function killGroup({ pid }: ChildProcess): void {
	try {
		if (pid !== undefined) process.kill(-pid, "SIGKILL");
	} catch {
		// It has exited, but its exit event is not emitted yet.
	}
}
