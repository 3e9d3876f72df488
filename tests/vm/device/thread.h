/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread.h - threads of the device beside QEMU's own, and waiting in them
 */
#ifndef SVA_DEVICE_THREAD_H
#define SVA_DEVICE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* With every signal blocked: they are for QEMU's threads */
bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* Sleeps while *@word is @seen, at most @ns; wakes whoever sleeps so */
void word_wait(uint32_t *word, uint32_t seen, uint64_t ns);
void word_wake(uint32_t *word);

#endif /* SVA_DEVICE_THREAD_H */
