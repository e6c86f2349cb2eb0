/**
 * The buses of this test file: a failed test prints what happened on them, and no bus is left open. It must not import
 * vitest; `vitest-setup.ts` calls it.
 */
interface OpenBus {
	timeline(): string;
	/** Does nothing the second time. */
	dispose(): void;
}

interface Opened {
	bus: OpenBus;
	/** Whether a test was running when it was created. A bus of `beforeAll` or of the module is open for the file. */
	isOfTest: boolean;
}

const buses = new Set<Opened>();

/** Tests that run now. Those of `test.concurrent` overlap. */
let running = 0;

export function opened(bus: OpenBus): void {
	buses.add({ bus, isOfTest: running > 0 });
}

/** Disposes of the buses that earlier tests have created. While other tests run, their buses stay open. */
export function testStarts(): void {
	if (running === 0) dispose(({ isOfTest }) => isOfTest);
	running += 1;
}

export function testEnds(): void {
	running -= 1;
}

/** Disposes of every bus. */
export function fileEnds(): void {
	dispose(() => true);
}

export function timelines(): string[] {
	return [...buses].map(({ bus }) => bus.timeline());
}

function dispose(isOver: (one: Opened) => boolean): void {
	for (const one of [...buses].filter(isOver)) {
		buses.delete(one);
		one.bus.dispose();
	}
}
