/** Shows the last two minutes of a session, and a button that renews it. */
export const COUNTDOWN = `
const notice = document.querySelector('#countdown');
const text = notice.querySelector('span');
const EVERY = 15;

async function ask() {
  const response = await fetch('/session');
  if (response.status === 401) return location.assign('/login');
  if (!response.ok) return;
  const { endsInSeconds } = await response.json();
  const minutes = Math.max(1, Math.ceil(endsInSeconds / 60));
  notice.hidden = endsInSeconds > 120;
  text.textContent = 'Your session ends in ' + minutes + (minutes === 1 ? ' minute.' : ' minutes.');
}

notice.querySelector('button').addEventListener('click', async () => {
  await fetch('/session/stay', { method: 'POST' });
  await ask();
});
setInterval(ask, EVERY * 1000);
addEventListener('focus', ask);
ask();
`;
