// Scrolling of a conversation: stay at the end if one was there, otherwise keep what is being read in its place.
import { useEffect, useLayoutEffect, useRef, useState } from '../lib.js';

const NEAR_END = 48; // px
let held = () => {};

/** A person has just unfolded something: what they look at stays, also at the end of the conversation. */
export const holdScroll = () => held();

const distanceToEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

function firstVisible(box) {
  const top = box.getBoundingClientRect().top;
  for (const row of box.querySelectorAll('[data-message]')) {
    const rect = row.getBoundingClientRect();
    if (rect.bottom > top) return { row, offset: rect.top - top };
  }
  return null;
}

/**
 * chatKey: what is shown (another one starts at its end); newest: key of the last message; own: whether it is one's own.
 * Returns {ref, atEnd, fresh, toEnd}: fresh counts messages that came while one read further up.
 */
export function useConversationScroll(chatKey, newest, own, count) {
  const ref = useRef();
  const state = useRef({ stick: true, anchor: null, newest, count, chatKey });
  const [atEnd, setAtEnd] = useState(true);
  const [fresh, setFresh] = useState(0);

  const toEnd = (behavior = 'auto') => {
    state.current.stick = true;
    ref.current.scrollTo({ top: ref.current.scrollHeight, behavior });
  };

  const settle = () => {
    const box = ref.current;
    if (!box) return; // a size change reported after the conversation was left
    const { stick, anchor } = state.current;
    if (stick) box.scrollTop = box.scrollHeight;
    else if (anchor?.row.isConnected) {
      const moved = anchor.row.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.offset;
      if (Math.abs(moved) > 1) box.scrollTop += moved;
    }
  };

  useLayoutEffect(() => {
    const now = state.current;
    if (now.chatKey !== chatKey) {
      Object.assign(now, { chatKey, stick: true, count, newest });
      setFresh(0);
    } else if (now.newest !== newest) {
      if (own) now.stick = true;
      else if (!now.stick) setFresh((known) => known + Math.max(0, count - now.count));
      Object.assign(now, { newest, count });
    }
    settle();
  });

  useEffect(() => {
    const box = ref.current;
    const onScroll = () => {
      const end = distanceToEnd(box) < NEAR_END;
      state.current.stick = end;
      state.current.anchor = end ? null : firstVisible(box);
      setAtEnd(end);
      if (end) setFresh(0);
    };
    held = () => Object.assign(state.current, { stick: false, anchor: firstVisible(box) });
    const observer = new ResizeObserver(settle); // pictures that load, fonts, the on-screen keyboard
    observer.observe(box);
    observer.observe(box.firstElementChild);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', onScroll);
      held = () => {};
    };
  }, []);

  return { ref, atEnd, fresh, toEnd };
}
