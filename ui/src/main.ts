import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { enter } from './lib/entrance';
import Entrance from './pages/Entrance.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');

void enter().then((need) => {
  if (need === 'nothing') return mount(App, { target });
  return mount(Entrance, { target, props: { need, done: () => location.reload() } });
});
