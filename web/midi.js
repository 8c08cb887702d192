// The browser's MIDI controllers.

/** Asks for them; `onMessage(bytes)` hears each. Throws a sentence for the user where there is none to be had. */
export async function openMidi(onMessage) {
  if (!navigator.requestMIDIAccess) {
    throw new Error(
      isSecureContext ? "This browser does not know MIDI; Chrome, Edge and Firefox do." : "MIDI needs https, or localhost.",
    );
  }
  const access = await navigator.requestMIDIAccess().catch(() => {
    throw new Error("The browser was told not to let this page use MIDI. Its site settings can allow it.");
  });
  const listen = () => {
    for (const input of access.inputs.values()) input.onmidimessage = ({ data }) => onMessage(data);
  };
  access.onstatechange = listen;
  listen();
  return { count: () => access.inputs.size };
}
